// Package model turns a header and a SELECT into the SQL that keeps a table up to date.
//
// Begin with Parse, which makes a Model of a file, and New, which makes a Graph of models.
// Run.Increment (increment.go) and Run.Build (build.go) derive the SQL and send it. heal.go is how
// a late row of a lookup reaches rows that were made before it, and write.go writes the result.
package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// A Kind says how the changes of a model's rows are found.
type Kind int

// The kinds of models.
const (
	Whole Kind = iota // no from: everything is computed and compared
	Row               // from: without by: each row of from makes its rows by itself
	// from: with by: the rows of a group come from the rows of from with its values
	Group
	Script // a file that runs as it stands
)

// String is the kind in words, as `transform --plan` shows it.
func (k Kind) String() string {
	return [...]string{"whole", "row by row", "group by group", "script"}[k]
}

// A Model is one file: a header and a SELECT that says which rows a relation holds.
type Model struct {
	Header
	Name   string // of the relation: 210_f_order.sql holds f_order
	Step   string // the file's name without .sql
	Kind   Kind   // how its rows are kept up to date
	Stored bool   // a migration made the table
	// Columns are the SELECT's output columns, in order.
	Columns []string
	// Follows names the relations that the SELECT, or a script's header, reads.
	Follows []string
	// Fingerprint is the hex SHA-256 of the header's rules and of the SQL, layout and comments
	// apart.
	Fingerprint string

	source
	storage // of a stored model
}

// source is a model's text.
type source struct {
	file       *sqlfile.File
	statements []sqlfile.Statement // several of a script
	statement  sqlfile.Statement   // the first of them
	query      *selectstmt.Query   // nil of a script
}

// storage is the table that holds a model's rows.
type storage struct {
	table schema.Table
	live  []string // the columns that are stored, in the SELECT's order
}

// Parse reads a model's file as the engine gets it. name is the relation's, step the file's name
// without .sql. An error is a *sqlfile.Error.
func Parse(file *sqlfile.File, name, step string, engine sqlfile.Engine) (*Model, error) {
	m := &Model{Name: name, Step: step, source: source{file: file, statements: file.Statements(engine)}}
	if len(m.statements) == 0 {
		return nil, file.ErrorAt(1, 1, "the file has no statement", "write one SELECT, or remove the file", nil)
	}
	m.statement = m.statements[0]
	isScript := slices.ContainsFunc(
		file.HeaderLines(), func(c sqlfile.Comment) bool { return scriptLine.MatchString(c.Text) },
	)
	if !isScript {
		// An INSERT is told before what its header lacks.
		if err := m.oneSelect(); err != nil {
			return nil, err
		}
	}
	var err error
	if m.Header, err = parseHeader(file, name); err != nil {
		return nil, err
	}
	if m.Script {
		return m, m.parseScript()
	}
	if m.query, err = selectstmt.Parse(m.statement); err != nil {
		return nil, err
	}
	if err := m.classify(); err != nil {
		return nil, err
	}
	if err := m.readColumns(); err != nil {
		return nil, err
	}
	for _, ref := range m.query.Relations() {
		if ref.Schema != "" {
			return nil, m.statement.ErrorAt(
				ref.Start, "name the relation without its schema", "write "+ref.Relation, nil,
			)
		}
		if !slices.Contains(m.Follows, ref.Relation) {
			m.Follows = append(m.Follows, ref.Relation)
		}
	}
	m.Fingerprint = m.fingerprint()
	return m, nil
}

// oneSelect refuses what is no single SELECT.
func (m *Model) oneSelect() error {
	word := m.statement.Keyword()
	switch {
	case word == "COPY":
		return m.statement.ErrorAt(0, "COPY stands outside a 0xx transform", "put it into its own 0xx file", nil)
	case word != "SELECT" && word != "WITH":
		return m.statement.ErrorAt(
			0, fmt.Sprintf("a transform is one SELECT, and this is %s", article(word)), m.asModel(),
			nil,
		)
	case len(m.statements) > 1:
		return m.statements[1].ErrorAt(
			0, "a second statement",
			"a transform is one SELECT: put the second statement into its own file; a file with the line -- script "+
				"may hold several",
			nil,
		)
	}
	return nil
}

func article(word string) string {
	if word == "" {
		return "something else"
	}
	if strings.ContainsAny(word[:1], "AEIOU") {
		return "an " + word
	}
	return "a " + word
}

// asModel shows how a file of INSERTs becomes a model.
func (m *Model) asModel() string {
	example := fmt.Sprintf("-- %s: one row per ...\n-- key: ...\nSELECT ... FROM ...", m.Name)
	for _, statement := range m.statements {
		text := statement.SQL()
		tokens := tokensOf(statement)
		if len(tokens) < 4 || !tokens[0].Is("insert") {
			continue
		}
		for _, t := range tokens {
			if t.Is("select") || t.Is("with") {
				example = fmt.Sprintf(
					"-- %s: one row per ...\n-- key: ...\n%s;", m.Name,
					strings.TrimSpace(text[t.Start:]),
				)
				break
			}
		}
		break
	}
	return "keep only the SELECT, with a header; dwh derives INSERT and DELETE from it:\n" + example +
		"\nA file with the header line -- script runs unchanged, in every run"
}

// tokensOf are the tokens of a statement that are no comments.
func tokensOf(statement sqlfile.Statement) []sqlfile.Token {
	return slices.DeleteFunc(sqlfile.Tokens(statement.SQL()), func(t sqlfile.Token) bool {
		return t.Kind == sqlfile.KindComment || t.Kind == sqlfile.KindMarker
	})
}

// classify finds the kind, and what contradicts it among the from: lines.
func (m *Model) classify() error {
	grouped := 0
	for _, from := range m.From {
		if len(from.By) > 0 {
			grouped++
		}
	}
	switch {
	case len(m.From) == 0:
		m.Kind = Whole
	case grouped == 0:
		m.Kind = Row
	case grouped == len(m.From):
		m.Kind = Group
		for i := range m.From[1:] {
			from := &m.From[i+1]
			if !sameColumns(hereOf(from.By), hereOf(m.From[0].By)) {
				return m.errorAt(from.at, fmt.Sprintf("from: %s by names the columns %s here, but from: %s by "+
					"names %s",
					from.Relation, strings.Join(hereOf(from.By), ", "), m.From[0].Relation, strings.Join(
						hereOf(m.From[0].By), ", ",
					)),
					"every from: must name the same columns of the model: by x as a")
			}
			// In the order of the first.
			slices.SortFunc(from.By, func(a, b Pair) int {
				first := hereOf(m.From[0].By)
				return slices.Index(first, a.Here) - slices.Index(first, b.Here)
			})
		}
	default:
		return m.errorAt(m.From[0].at, "one from: has by and another has not",
			"use by in all from: lines or in none: a model is computed either group by group or row by row")
	}
	for i, from := range m.From {
		for _, other := range m.From[:i] {
			if other.Relation == from.Relation {
				return m.errorAt(
					from.at, fmt.Sprintf("from: %s is given twice", from.Relation),
					"give the relation a second name with a helper",
				)
			}
		}
	}
	return nil
}

// ownColumns are names that dwh adds to a model's columns when it ranks or compares rows.
var ownColumns = strings.Fields("dwh_best dwh_built dwh_copies dwh_live dwh_place")

// readColumns takes the output columns of the SELECT from its first branch, whose names count.
func (m *Model) readColumns() error {
	first := m.query.Branches[0]
	for i, branch := range m.query.Branches {
		for _, item := range branch.Items {
			if item.Star {
				return m.statement.ErrorAt(
					item.Expr.Start, "SELECT * does not say which columns a model has",
					"name each column", nil,
				)
			}
		}
		if len(branch.Items) != len(first.Items) {
			return m.statement.ErrorAt(branch.Start, fmt.Sprintf("branch %d has %d columns, but the first has %d",
				i+1, len(branch.Items), len(first.Items)), "every branch must have the same columns", nil)
		}
	}
	for i, item := range first.Items {
		if item.Name == "" {
			return m.statement.ErrorAt(
				item.Expr.Start, fmt.Sprintf("column %d of the SELECT has no name", i+1),
				"add AS name", nil,
			)
		}
		if slices.Contains(m.Columns, item.Name) {
			return m.statement.ErrorAt(
				item.Expr.Start, fmt.Sprintf("column %s is there twice", item.Name),
				"rename one of them", nil,
			)
		}
		if slices.Contains(ownColumns, item.Name) {
			return m.statement.ErrorAt(
				item.Expr.Start, fmt.Sprintf("dwh's own queries use the name %s", item.Name),
				"choose a name that does not begin with dwh_", nil,
			)
		}
		m.Columns = append(m.Columns, item.Name)
	}
	return nil
}

// by are the model's own columns that name a group.
func (m *Model) by() []string {
	if m.Kind != Group {
		return nil
	}
	return hereOf(m.From[0].By)
}

// File returns the file that the model stands in.
func (m *Model) File() *sqlfile.File { return m.file }

// SQL returns the SELECT as the engine gets it.
func (m *Model) SQL() string { return m.statement.SQL() }

func (m *Model) errorAt(at place, msg, hint string) error {
	return m.file.ErrorAt(at.line, at.column, msg, hint, nil)
}

func hereOf(pairs []Pair) []string {
	out := make([]string, len(pairs))
	for i, pair := range pairs {
		out[i] = pair.Here
	}
	return out
}

func thereOf(pairs []Pair) []string {
	out := make([]string, len(pairs))
	for i, pair := range pairs {
		out[i] = pair.There
	}
	return out
}

func sameColumns(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

// subset tells whether every element of a stands in b.
func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(x string) bool { return !slices.Contains(b, x) })
}

// Calls tells whether the SQL has the function's name in front of a parenthesis.
func (m *Model) Calls(function string) bool {
	for _, statement := range m.statements {
		tokens := tokensOf(statement)
		for i, t := range tokens[:max(0, len(tokens)-1)] {
			if tokens[i+1].Text == "(" && strings.EqualFold(t.Value(), function) {
				return true
			}
		}
	}
	return false
}
