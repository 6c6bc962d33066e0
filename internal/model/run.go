package model

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// A Run derives the statements of one run from the models and sends them. It is for one
// transaction, whose scratch schema is empty at its beginning.
type Run struct {
	Options
	// Changes counts what became of each stored model that was computed.
	Changes map[string]Change

	current  *Model // that is computed now; nil between models
	building bool   // the run is a Build: it reads all rows, and uses no index to find some
	delta    map[string]delta
	built    map[string]*Table // by a build, by relation
	names    map[string]int    // how often a name in the scratch schema was asked for
	apart    map[string]bool   // models of which a build ranks just the rows that compete
	touched
	known
}

// touched notes, for the gate, what a run looked at of each relation.
type touched struct {
	reached map[string][]part // the keys of a model
	looked  map[string][]part // the groups of a model that is computed group by group
	// matched are groups with a row that a changed lookup matched, by the helper and by the model
	// that looks it up and computes all rows of these groups.
	matched map[string]map[string][]part
}

// known is what a run has found out or made before, and finds again.
type known struct {
	at       map[relationState]string   // where a relation stands in a state
	raws     map[relationState]string   // where the rows of a model before its pick stand
	text     map[string]map[string]bool // which columns of a model are text
	distinct map[string]distinct        // tables of distinct values, by their qualified names
	answers  map[string]answer          // of staging tables, which stay as they are
}

type relationState struct {
	relation string
	state    state
}

// A delta is how a relation differs between the two states.
type delta struct{ removed, added *Table }

func (d delta) tables() []*Table {
	var out []*Table
	for _, t := range []*Table{d.removed, d.added} {
		if !t.empty() {
			out = append(out, t)
		}
	}
	return out
}

// A part is columns of a FROM-able text, under the names that they have elsewhere.
type part struct {
	from string
	cols []string
	as   []string
}

// list is the select list of a part, under the names that its columns have elsewhere.
func (p part) list(prefix string) string {
	list := make([]string, len(p.cols))
	for i, name := range p.cols {
		list[i] = prefix + ident(name)
		if p.as[i] != name {
			list[i] += " AS " + ident(p.as[i])
		}
	}
	return strings.Join(list, ", ")
}

// NewRun returns a Run.
func NewRun(o Options) *Run {
	return &Run{
		Options: o, Changes: map[string]Change{}, delta: map[string]delta{}, built: map[string]*Table{},
		names: map[string]int{}, apart: map[string]bool{},
		touched: touched{map[string][]part{}, map[string][]part{}, map[string]map[string][]part{}},
		known: known{
			at: map[relationState]string{}, raws: map[relationState]string{}, text: map[string]map[string]bool{},
			distinct: map[string]distinct{}, answers: map[string]answer{},
		},
	}
}

// statement puts a comment in front of SQL.
func (x *Run) statement(note, sql string) Statement {
	return Statement{Model: x.modelName(), SQL: x.comment(note) + sql}
}

func (x *Run) modelName() string {
	if x.current == nil {
		return ""
	}
	return x.current.Name
}

func (x *Run) comment(note string) string {
	if name := x.modelName(); name != "" {
		note = name + ": " + note
	}
	return "-- " + note + "\n"
}

// longest is how many bytes an identifier may have on both engines
// (https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS).
const longest = 63

// name returns a name that nothing in the scratch schema has yet. The same run gives the same
// names.
func (x *Run) name(relation, hint string) string {
	name := relation + "__" + hint
	if x.names[name]++; x.names[name] > 1 {
		name = fmt.Sprintf("%s_%d", name, x.names[name])
	}
	if len(name) > longest {
		sum := fnv.New32a()
		sum.Write([]byte(name))
		name = fmt.Sprintf("%s_%08x", name[:longest-9], sum.Sum32())
	}
	return name
}

// modelOrRun is the first part of the names of scratch tables.
func (x *Run) modelOrRun() string { return cmp.Or(x.modelName(), "run") }

// create makes a table of a query. analyze names the columns that something joins by.
func (x *Run) create(ctx context.Context, hint, note, query string, analyze []string) (*Table, error) {
	t := &Table{Name: x.name(x.modelOrRun(), hint)}
	t.SQL = qualified(x.Scratch, t.Name)
	var err error
	if t.Rows, err = x.Session.Create(ctx, x.statement(note, "CREATE TABLE "+t.SQL+" AS\n"+query), t.SQL); err != nil {
		return nil, err
	}
	return t, x.analyze(ctx, t, analyze)
}

// analyze tells PostgreSQL's planner of the values in the columns of a table.
func (x *Run) analyze(ctx context.Context, t *Table, names []string) error {
	if x.Graph.Engine != sqlfile.Postgres || t.empty() || len(names) == 0 {
		return nil
	}
	_, err := x.Session.Exec(
		ctx,
		x.statement("count the values that are joined by", "ANALYZE "+t.SQL+" ("+columns("", names)+")"),
	)
	return err
}

// analyzeEmpty tells PostgreSQL's planner that a table has no rows. It takes one that was never
// analyzed for ten pages of rows, and joins millions of rows to it in the wrong order.
func (x *Run) analyzeEmpty(ctx context.Context, t *Table) error {
	if x.Graph.Engine != sqlfile.Postgres || !t.empty() {
		return nil
	}
	_, err := x.Session.Exec(ctx, x.statement("it has no rows", "ANALYZE "+t.SQL))
	return err
}

// A distinct table has the distinct values of its columns, none of them NULL.
type distinct struct {
	table *Table
	cols  []string
	of    []part // the table holds all values of these
}

// values makes a table of the distinct values that stand in parts, none of them NULL. Where such a
// table stands already, it is that one.
func (x *Run) values(ctx context.Context, hint, note string, parts ...part) (*Table, error) {
	if len(parts) == 0 {
		return nil, nil
	}
	if d, ok := x.distinct[parts[0].from]; ok && len(parts) == 1 && slices.Equal(parts[0].cols, parts[0].as) &&
		subset(d.cols, parts[0].cols) && subset(parts[0].cols, d.cols) {
		return d.table, nil
	}
	queries := make([]string, len(parts))
	for i, p := range parts {
		distinct := ""
		if len(parts) == 1 {
			distinct = "DISTINCT "
		}
		queries[i] = "SELECT " + distinct + p.list("x.") + "\nFROM " + p.from + " AS x\nWHERE " + present("x.", p.cols)
	}
	t, err := x.create(ctx, hint, note, strings.Join(queries, "\nUNION\n"), parts[0].as)
	if err != nil || t.empty() {
		return nil, err
	}
	x.distinct[t.SQL] = distinct{t, parts[0].as, parts}
	return t, nil
}

// from makes a query fit for a FROM.
func from(query string) string { return "(\n" + query + "\n)" }

// semi selects the rows of a relation whose columns stand in a table of distinct values.
func semi(names []string, relation string, cols []string, values *Table, valueCols []string) string {
	if values.empty() {
		return "SELECT " + columns("r.", names) + " FROM " + relation + " AS r WHERE 1 = 0"
	}
	return "SELECT " + columns(
		"r.", names,
	) + "\nFROM " + relation + " AS r\nINNER JOIN " + values.SQL + " AS v ON " + equal("r", cols, "v", valueCols)
}
