// Package conformance holds the contract of COPY as cases that every implementation of it has to
// pass.
package conformance

import (
	"slices"
	"strings"
	"testing"
)

// Root stands in a Case's statement and objects for where the implementation has put the objects:
// s3://bucket/prefix or a folder, without a slash at its end.
const Root = "{root}"

// Case is one COPY with what must come of it.
type Case struct {
	// Row is the row of the table of semantics (B2) that the case comes from.
	Row string
	// Name says the rule.
	Name string
	// Ours marks a choice of this project where Redshift's guide is silent.
	Ours bool
	// Table is the list of columns of table t, between CREATE TABLE t ( and ).
	Table string
	// Objects are what lies under Root, by key. The objects to load are those under data/.
	Objects map[string]string
	// Copy is the statement after COPY t: column list, FROM (data/ under Root) and options. Without
	// FROM, it is put before the options.
	Columns, Options string

	// Rows are the table's rows afterwards in any order: values as PostgreSQL's text, joined by |,
	// NULL as NULL.
	Rows []string
	// Rejects are the refused records in order; if Fails is set too, those that the failure
	// carries.
	Rejects []Reject
	// Fails is a part of the error with which the COPY fails; "": it succeeds.
	Fails string
}

// Reject is a refused record.
type Reject struct {
	Key    string // of its object, under Root
	Line   int64  // as in clientcopy.RecordError: the last line of the record, from 1
	Column string // the column at fault; "" for none
	Reason string // a part of it
}

// Statement is the whole COPY with root put in.
func (c Case) Statement(root string) string {
	s := "COPY t "
	if c.Columns != "" {
		s += "(" + c.Columns + ") "
	}
	return s + strings.ReplaceAll("FROM '"+Root+"/data/' IAM_ROLE default "+c.Options, Root, root)
}

// Outcome is what an implementation made of a case.
type Outcome struct {
	Rows    []string // as in Case
	Rejects []Reject // Key relative to Root, Reason whole
	Err     error
}

// Implementation is a COPY under test. Load makes table t and the objects, in a database and place
// of their own, runs the statement in a transaction, and commits it when the COPY succeeds; the
// rows are those of a new transaction. It fails t only when it cannot do so.
type Implementation interface {
	// Load runs the COPY of c and returns what came of it.
	Load(t *testing.T, c Case) Outcome
}

// Run runs every case on an implementation, those apart that one of except is true of.
func Run(t *testing.T, implementation Implementation, except ...func(Case) bool) {
	for _, c := range Cases() {
		if slices.ContainsFunc(except, func(leaves func(Case) bool) bool { return leaves(c) }) {
			continue
		}
		t.Run(c.Row+"/"+strings.ReplaceAll(c.Name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			got := implementation.Load(t, c)
			statement := c.Statement(Root)
			switch {
			case c.Fails == "" && got.Err != nil:
				t.Fatalf("%s: got error %v, want none", statement, got.Err)
			case c.Fails != "" && got.Err == nil:
				t.Fatalf("%s: got no error, want one that holds %q", statement, c.Fails)
			case c.Fails != "" && !strings.Contains(got.Err.Error(), c.Fails):
				t.Fatalf("%s: got error %q, want one that holds %q", statement, got.Err, c.Fails)
			}
			want := slices.Sorted(slices.Values(c.Rows))
			rows := slices.Sorted(slices.Values(got.Rows))
			if !slices.Equal(rows, want) {
				t.Errorf("%s: got rows\n%s\nwant\n%s", statement, strings.Join(rows, "\n"), strings.Join(want, "\n"))
			}
			same := slices.EqualFunc(got.Rejects, c.Rejects, func(g, w Reject) bool {
				return g.Key == w.Key && g.Line == w.Line && g.Column == w.Column && strings.Contains(
					g.Reason, w.Reason,
				)
			})
			if !same {
				t.Errorf("%s: got rejects\n%+v\nwant\n%+v", statement, got.Rejects, c.Rejects)
			}
		})
	}
}
