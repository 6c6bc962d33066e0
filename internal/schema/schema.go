// Package schema reads from migrations, offline, which tables they leave behind: columns, types,
// keys.
package schema

import (
	"strconv"
	"strings"
)

// A Schema holds the tables by name.
type Schema map[string]Table

// A Table is a table as the migrations leave it behind.
type Table struct {
	Name    string
	Columns []Column // in order of definition
	Key     []string // the primary key's columns; empty without one
	Indexes []Index  // made by CREATE INDEX, in order (PostgreSQL)
	Seeded  bool     // a migration inserts rows into it
	// Unknown says that the migrations do not spell out all columns of the table: CREATE TABLE AS,
	// SELECT INTO, PARTITION OF, INHERITS, OF, or LIKE of a table that is not known.
	Unknown bool
}

// A Column is one column of a table.
type Column struct {
	Name string
	// Type is the type as PostgreSQL's format_type writes it: "character varying(64)" for
	// VARCHAR(64), "timestamp without time zone" for TIMESTAMP. On Redshift it has the sizes that
	// Redshift adds: TEXT is "character varying(256)", DECIMAL is "numeric(18,0)".
	Type      string
	Collation string // "C" where declared COLLATE "C", else ""
	NotNull   bool   // declared NOT NULL, or implied by a primary key, an identity or SERIAL
	Default   bool   // has a default other than a plain NULL, is an identity or is generated
	// DefaultTrue says that the default is TRUE.
	DefaultTrue bool
}

// An Index is an index of PostgreSQL.
type Index struct {
	Name   string
	Unique bool // it is a UNIQUE index
	// Expressions holds one text per column or expression, with COLLATE, operator class and order
	// where given. Tokens are joined by one blank and in lower case outside literals and quotes:
	// "rtrim ( song_id )". Brackets around the whole expression are left out.
	Expressions []string
	Where       string // the condition of a partial index, written like Expressions; "" without one
}

// Text reports whether the column holds text: character varying, character, text or bpchar.
func (c Column) Text() bool {
	switch base, _, sized := c.size(); base {
	case "character varying", "character":
		return true
	case "text", "bpchar":
		return !sized
	default:
		return false
	}
}

// Length returns n of character varying(n) and character(n), and 0 for every other type.
func (c Column) Length() int {
	base, size, _ := c.size()
	if base != "character varying" && base != "character" {
		return 0
	}
	n, err := strconv.Atoi(size)
	if err != nil {
		return 0
	}
	return n
}

// size cuts "character varying(64)" into "character varying" and "64".
func (c Column) size() (base, size string, sized bool) {
	base, size, sized = strings.Cut(c.Type, "(")
	if !sized {
		return c.Type, "", false
	}
	size, closed := strings.CutSuffix(size, ")")
	if !closed {
		return c.Type, "", false // an array, or "timestamp(3) without time zone"
	}
	return base, size, true
}

// Column returns the table's column of that name.
func (t Table) Column(name string) (Column, bool) {
	for _, c := range t.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return Column{}, false
}
