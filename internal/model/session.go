package model

import (
	"context"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// A Statement is one statement that a run sends, with a comment in front that says what it does.
type Statement struct {
	Model string // whose rows it computes; "" for the run itself
	SQL   string // with the comment
	// Text, where set, knows for each character of SQL which place of the model's file it comes
	// from.
	Text *sqlfile.Expanded
}

// A Session sends the statements of a run. It is one transaction, or a recorder that only writes
// statements down.
type Session interface {
	// Exec sends a statement. rows is the number that its command tag counts, 0 where it counts
	// none.
	Exec(ctx context.Context, s Statement) (rows int64, err error)
	// Create sends a CREATE TABLE … AS and returns how many rows the table holds. Where the engine
	// does not tell, it counts them.
	Create(ctx context.Context, s Statement, table string) (rows int64, err error)
	// Numbers sends a query of one row of whole numbers. NULL is 0.
	Numbers(ctx context.Context, s Statement) ([]int64, error)
	// Rows sends a query and returns its first rows as texts, for an error message.
	Rows(ctx context.Context, s Statement) ([]string, error)
	// Text returns the columns of a view or table of PostgreSQL that hold text; nil where the
	// session cannot tell, and then those count that the SELECT shows to be text.
	Text(ctx context.Context, relation string) (map[string]bool, error)
	// Verbatim tells whether a table stores just what an INSERT gives it: it has no trigger, rule
	// or computed column. It is false where the session cannot tell.
	Verbatim(ctx context.Context, relation string) (bool, error)
	// Attempt does something so that its failure undoes that and nothing else, where the engine
	// can.
	Attempt(ctx context.Context, do func() error) error
}

// A Table is a table of the scratch schema. A nil *Table has no rows.
type Table struct {
	SQL  string // its qualified name
	Name string // its name in the scratch schema
	Rows int64
}

// empty tells whether there is nothing in it.
func (t *Table) empty() bool { return t == nil || t.Rows == 0 }

// Staged is a staging table in a run.
type Staged struct {
	// At is where its rows stand, qualified; "" means the table that readers use.
	At string
	// Unprocessed is how many of its rows the models' tables do not hold.
	Unprocessed int64
	// Arrived holds further new rows, which stand beside the table. It may be nil.
	Arrived *Table
	// Erase are rows to erase: those that one of these names.
	Erase []Erasure
	// Trimmed are text columns in which no value ends in a blank, as far as that is known.
	Trimmed []string
}

// A Change counts what became of a stored model's rows, by keys.
type Change struct {
	// Added are new keys, Removed are keys that are gone. The rows of Changed have other values. In
	// those of Healed, values took the place of NULLs, and nothing else changed. No row counts
	// twice.
	Added, Changed, Healed, Removed int64
}

// Sum is how many rows differ.
func (c Change) Sum() int64 { return c.Added + c.Changed + c.Healed + c.Removed }

// Options are what a Run needs.
type Options struct {
	Graph   *Graph            // the models of the project
	Session Session           // sends the statements of the run
	Vars    map[string]string // values of psql variables
	Scratch string            // the schema in which it makes tables and views
	Live    string            // the schema of the tables that readers use
	Staged  map[string]Staged // what comes in, by staging table
	// Large is from how many rows on a table is worth a plan of its own: ranking repeated keys
	// apart.
	Large int64
	// Holds, where set, tells whether the table that readers see holds just some rows, and how many
	// they are. The rows are a query in brackets, for a FROM. A build asks it before it makes the
	// table of a stored model that no other model reads. If the rows are the same, it makes none.
	Holds func(ctx context.Context, m *Model, rows string) (count int64, same bool, err error)
	// Begin, where set, is told of each model whose computing begins. What it returns is told of
	// its end, and the context is that of the model's statements.
	Begin func(ctx context.Context, m *Model) (context.Context, func(error))
}

// state says which of a relation's two sets of rows is meant.
type state int

const (
	before state = iota // before the run
	now                 // when the run has ended
)

func (s state) String() string { return [...]string{"before", "now"}[s] }
