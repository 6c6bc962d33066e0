package transform

import "github.com/sparkify/dwh/internal/schema"

// Holds tells whether a refused record's text holds the value of a column of the type.
func Holds(text, of, columnType string) bool {
	return newValue(of, schema.Column{Type: columnType}).in(text)
}

// Fitting is a value as a column of the type is asked for it.
func Fitting(columnType, text string) (string, bool) {
	return fitting(schema.Column{Type: columnType}, text)
}
