// Package catalogue builds the SQL whose table and column names come from the database, the only
// SQL that is put together from parts.
package catalogue

import (
	"strings"
)

// A Name is one identifier as the database spells it.
type Name string

// SQL is the name as a quoted identifier.
func (n Name) SQL() string {
	return `"` + strings.ReplaceAll(string(n), `"`, `""`) + `"`
}

// A Table is a table or view with the columns and the primary key that the database knows of.
type Table struct {
	Schema   Name // the schema that holds it
	Name     Name
	Columns  []Name // in order of definition
	Required []Name // the columns that are NOT NULL, in order
	Texts    []Name // columns that are known to be of type VARCHAR, CHAR or TEXT; Read tells none
	Key      []Name // the primary key; empty without one
}

// SQL is the table's qualified name.
func (t Table) SQL() string {
	return t.Schema.SQL() + "." + t.Name.SQL()
}

// In is the same table as it stands, or would stand, in another schema.
func (t Table) In(schema Name) Table {
	t.Schema = schema
	return t
}

// Named is the same table under another name.
func (t Table) Named(name Name) Table {
	t.Name = name
	return t
}

// Has tells whether the table has the column.
func (t Table) Has(column Name) bool {
	for _, name := range t.Columns {
		if name == column {
			return true
		}
	}
	return false
}

// list writes names as "a", "b", each after the prefix.
func list(prefix string, names []Name) string {
	var out strings.Builder
	for i, name := range names {
		if i > 0 {
			out.WriteString(", ")
		}
		out.WriteString(prefix)
		out.WriteString(name.SQL())
	}
	return out.String()
}

// equal writes a."k" = b."k" AND …
func equal(left, right string, names []Name) string {
	var out strings.Builder
	for i, name := range names {
		if i > 0 {
			out.WriteString(" AND ")
		}
		out.WriteString(left + "." + name.SQL() + " = " + right + "." + name.SQL())
	}
	return out.String()
}
