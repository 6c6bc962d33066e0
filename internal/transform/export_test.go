package transform

import (
	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// ParseMaking is for the tests.
func ParseMaking(statement sqlfile.Statement) (table catalogue.Name, query string, ok bool) {
	m, ok := parseMaking(statement)
	return m.table, statement.SQL()[m.query:], ok
}

// ParseMove is for the tests.
func ParseMove(statement sqlfile.Statement) (catalogue.Name, []catalogue.Name, bool) {
	return parseMove(statement)
}
