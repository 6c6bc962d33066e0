// Package lint checks SQL files against the subset of SQL that Amazon Redshift and PostgreSQL
// share.
package lint

import (
	"cmp"
	"fmt"
	"path"
	"slices"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// Kind says what a file is for, and so which statements it may hold.
type Kind int

// The kinds of files.
const (
	Migration Kind = iota + 1 // migrations/*.sql
	Load                      // transforms/0xx_*.sql: one COPY in Redshift's grammar
	Transform                 // transforms/1xx_*.sql and up
	Query                     // queries/*.sql, which sqlc reads: no markers, no psql variables
	Report                    // a project's reports/*.sql: one SELECT
	Check                     // a project's checks/*.sql: one SELECT, whose rows are violations
)

// String returns the kind's name for messages.
func (k Kind) String() string {
	switch k {
	case Migration:
		return "migration"
	case Load:
		return "load"
	case Transform:
		return "transform"
	case Query:
		return "query"
	case Report:
		return "report"
	case Check:
		return "check"
	default:
		return "unknown kind of file"
	}
}

// TransformKind returns Load for a transform whose number is 0xx, and Transform for every other.
func TransformKind(name string) Kind {
	if base := path.Base(name); base != "" && base[0] == '0' {
		return Load
	}
	return Transform
}

// Finding is one place that breaks a rule.
type Finding struct {
	Rule Rule           // which rule is broken
	Err  *sqlfile.Error // where it is, what is wrong, and as its hint what to write instead
}

// File checks one file and returns its findings in the order of the text; none means that the file
// is clean.
//
// What is checked is the rendering for Redshift, since what stands between /*postgres*/ and
// /*redshift … */ may be any PostgreSQL; of the text that PostgreSQL gets only the outline is
// checked. Findings have the positions of the file. A file whose statements cannot be told apart is
// refused by sqlfile.Parse before.
func File(f *sqlfile.File, kind Kind) []Finding {
	rules := Rules()
	d := newDocument(f, kind, rules)
	var findings []Finding
	for i := range rules {
		rule := &rules[i]
		if kind == Load && !rule.lexical {
			continue
		}
		found := func(line, column int, what string) {
			instead := rule.Instead
			if rule.inMarker != "" && d.marked(sqlfile.Token{Line: line, Column: column}) {
				instead = rule.inMarker
			}
			hint := fmt.Sprintf("%s (%s)", instead, rule.Page)
			msg := fmt.Sprintf("%s: %s [%s]", what, rule.Why, rule.Name)
			findings = append(findings, Finding{Rule: *rule, Err: f.ErrorAt(line, column, msg, hint, nil)})
		}
		if rule.document != nil {
			rule.document(d, found)
		}
		if rule.check == nil {
			continue
		}
		for _, u := range d.redshift {
			rule.check(u, func(at int, what string) {
				found(u.tokens[at].Line, u.tokens[at].Column, what)
			})
		}
	}
	if kind == Load {
		findings = append(findings, checkLoad(d)...)
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Err.Line, b.Err.Line), cmp.Compare(a.Err.Column, b.Err.Column))
	})
	return slices.CompactFunc(findings, func(a, b Finding) bool {
		return a.Rule.Name == b.Rule.Name && a.Err.Line == b.Err.Line && a.Err.Column == b.Err.Column
	})
}

// Files checks files of one kind, in order.
func Files(files []*sqlfile.File, kind Kind) []Finding {
	var findings []Finding
	for _, f := range files {
		findings = append(findings, File(f, kind)...)
	}
	return findings
}

// FindingsError is what lint found, as an error; its first finding is what errors.As finds as a
// *sqlfile.Error.
type FindingsError struct {
	Findings []Finding // what was found, at least one
}

// Portability parts the findings that are about Redshift alone from the others.
func Portability(findings []Finding) (portability, others []Finding) {
	for _, finding := range findings {
		if finding.Rule.Always {
			others = append(others, finding)
		} else {
			portability = append(portability, finding)
		}
	}
	return portability, others
}

// Err returns the findings as a *FindingsError, and nil when there are none.
func Err(findings []Finding) error {
	if len(findings) == 0 {
		return nil
	}
	return &FindingsError{Findings: findings}
}

// Error returns the first finding and how many more there are.
func (e *FindingsError) Error() string {
	if len(e.Findings) == 0 {
		return "lint: no findings"
	}
	first := e.Findings[0].Err.Error()
	switch more := len(e.Findings) - 1; more {
	case 0:
		return first
	case 1:
		return first + " (and 1 more finding)"
	default:
		return fmt.Sprintf("%s (and %d more findings)", first, more)
	}
}

// Unwrap returns the first finding's error.
func (e *FindingsError) Unwrap() error {
	if len(e.Findings) == 0 {
		return nil
	}
	return e.Findings[0].Err
}

// ExitCode returns 1: the command failed.
func (e *FindingsError) ExitCode() int { return 1 }
