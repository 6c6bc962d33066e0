package config

import (
	"fmt"
	"strings"
)

// Error is a fault in the configuration: an unknown key, a value of the wrong type or out of range.
// It is a usage error. File, Line and Column are set when the value stands in a file; else Origin
// says where it came from.
type Error struct {
	File         string // path of the file, "" when the value stands in none
	Line, Column int    // 1-based, in characters; 0 unknown
	Source       string // the text of that line
	Key          string // the key concerned, "" for the file as a whole
	Origin       Origin // where the value came from
	Msg          string // what is wrong, without secrets
	Advice       string // what to do next, "" when unknown
	Err          error
}

// Error returns "file:line:column: message", or "--flag: message" for a value that does not come
// from a file.
func (e *Error) Error() string {
	switch {
	case e.File != "" && e.Line > 0:
		return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Msg)
	case e.File != "":
		return e.File + ": " + e.Msg
	case e.Origin.Kind != Default:
		return e.Origin.String() + ": " + e.Msg
	}
	return e.Msg
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ExitCode returns 2: the command line or the configuration has to change.
func (e *Error) ExitCode() int { return 2 }

// Hint returns what to do next, or "".
func (e *Error) Hint() string { return e.Advice }

// Snippet returns the source line with a caret under the column, or "".
func (e *Error) Snippet() string {
	if e.Source == "" || e.Column < 1 {
		return ""
	}
	var pad strings.Builder
	for i, r := range []rune(e.Source) {
		if i >= e.Column-1 {
			break
		}
		if r != '\t' {
			r = ' '
		}
		pad.WriteRune(r)
	}
	return e.Source + "\n" + pad.String() + "^"
}
