package model

import (
	"context"
	"strings"
)

// AssumedRows is how many rows a Recorder assumes in every table that a statement makes.
const AssumedRows = 1000

// A Recorder is a Session without a database: it writes each statement down. Every table that a
// statement makes is assumed to hold AssumedRows rows, so that no step is left out, and no check
// finds a fault.
type Recorder struct {
	Statements []Statement // what was sent, in order
	// CountCreated adds the query by which a run counts the rows of a CREATE TABLE AS: on Redshift
	// the command does not tell.
	CountCreated bool
}

// Exec implements Session.
func (r *Recorder) Exec(_ context.Context, s Statement) (int64, error) {
	r.Statements = append(r.Statements, s)
	return AssumedRows, nil
}

// Create implements Session.
func (r *Recorder) Create(_ context.Context, s Statement, table string) (int64, error) {
	r.Statements = append(r.Statements, s)
	if r.CountCreated {
		r.Statements = append(r.Statements, Counting(s, table))
	}
	return AssumedRows, nil
}

// Counting is the query that counts the rows of a table that a statement has made.
func Counting(s Statement, table string) Statement {
	note := "count its rows"
	if s.Model != "" {
		note = s.Model + ": " + note
	}
	return Statement{Model: s.Model, SQL: "-- " + note + "\nSELECT COUNT(*) FROM " + table}
}

// Numbers implements Session. Each number is 0: a check finds nothing.
func (r *Recorder) Numbers(_ context.Context, s Statement) ([]int64, error) {
	r.Statements = append(r.Statements, s)
	// At least as many as the query has columns.
	return make([]int64, 1+strings.Count(s.SQL, ",")), nil
}

// Rows implements Session: there are none.
func (r *Recorder) Rows(_ context.Context, s Statement) ([]string, error) {
	r.Statements = append(r.Statements, s)
	return nil, nil
}

// Text implements Session: what the SELECT does not show is not known.
func (r *Recorder) Text(context.Context, string) (map[string]bool, error) { return nil, nil }

// Verbatim implements Session: nobody can tell.
func (r *Recorder) Verbatim(context.Context, string) (bool, error) { return false, nil }

// Attempt implements Session.
func (r *Recorder) Attempt(_ context.Context, do func() error) error { return do() }
