package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// flagHint says what to do about a SELECT that names the flag.
const flagHint = "dwh handles this flag itself: write the model as if all staged rows were new"

// systemColumns are those that every table of PostgreSQL has
// (https://www.postgresql.org/docs/current/ddl-system-columns.html).
var systemColumns = strings.Fields("cmax cmin ctid tableoid xmax xmin")

// checkColumns refuses columns that no relation of FROM has, as far as the columns of these are
// known.
func (g *Graph) checkColumns(m *Model) error {
	if err := (scope{g: g}).checkNames(m.statement, m.query); err != nil {
		return err
	}
	return g.checkHidden(m)
}

// CheckColumns is the same check for a SELECT that is no model. The error is a *sqlfile.Error. What
// cannot be read as a SELECT is left to the server.
func CheckColumns(statement sqlfile.Statement, tables schema.Schema) error {
	q, err := selectstmt.Parse(statement)
	if err != nil {
		return nil
	}
	return scope{g: &Graph{Engine: statement.Engine(), tables: tables}}.checkNames(statement, q)
}

// checkNames checks the columns of a statement.
func (s scope) checkNames(statement sqlfile.Statement, whole *selectstmt.Query) error {
	var err error
	s.walk(whole, func(s scope, branch *selectstmt.Select) {
		for _, e := range exprs(branch) {
			for _, ref := range e.Columns {
				if err == nil && ref.Table != "" {
					err = s.checkQualified(statement, branch, ref)
				}
			}
		}
	})
	if err != nil {
		return err
	}
	return s.checkUnqualified(statement, whole)
}

// checkQualified checks a column that is written as relation.column.
func (s scope) checkQualified(statement sqlfile.Statement, branch *selectstmt.Select, ref selectstmt.ColumnRef) error {
	for _, item := range branch.From {
		if item.Alias != ref.Table || item.Query != nil || item.CTE || ref.Column == "*" {
			continue
		}
		if names, known := s.known(item); known && !slices.Contains(names, ref.Column) {
			return s.errColumn(statement, ref, item.Relation, names)
		}
	}
	return nil
}

// known returns the columns of a FROM item, as columns does. ok is also false for a table whose
// definition cannot be read, and for a table that is written with its schema.
func (s scope) known(item selectstmt.FromItem) (names []string, ok bool) {
	if item.Schema != "" || s.g.tables[item.Relation].Unknown {
		return nil, false
	}
	return s.columns(item)
}

// errColumn is the error about a column that a relation does not have.
func (s scope) errColumn(statement sqlfile.Statement, ref selectstmt.ColumnRef, relation string, names []string) error {
	msg := fmt.Sprintf("%s has no column %s", relation, ref.Column)
	hint := "its columns are: " + strings.Join(names, ", ")
	if ref.Column == FlagColumn && s.g.IsStaging(relation) {
		msg += " that a model may read"
		hint = flagHint
	}
	return statement.ErrorAt(ref.Start, msg, hint, nil)
}

// checkUnqualified checks the columns that a query writes without a relation, and those of the
// queries in its WITH and FROM. A column of a subquery in an expression, or behind LATERAL, may
// belong to a query around it: those are left to the server.
func (s scope) checkUnqualified(statement sqlfile.Statement, q *selectstmt.Query) error {
	s = s.inner(q)
	for _, with := range q.With {
		if err := s.checkUnqualified(statement, with.Query); err != nil {
			return err
		}
	}
	for _, branch := range q.Branches {
		for _, item := range branch.From {
			if item.Query == nil || item.Lateral {
				continue
			}
			if err := s.checkUnqualified(statement, item.Query); err != nil {
				return err
			}
		}
		if err := s.checkBranch(statement, branch); err != nil {
			return err
		}
	}
	return nil
}

// checkBranch checks the columns of a SELECT that are written without a relation.
func (s scope) checkBranch(statement sqlfile.Statement, branch *selectstmt.Select) error {
	names := slices.Clone(systemColumns)
	for _, item := range branch.From {
		columns, known := s.known(item)
		if !known {
			return nil
		}
		names = append(append(names, columns...), item.Alias) // the alias stands for the row
	}
	if len(branch.From) == 0 {
		return nil
	}
	var aliases []string
	for _, item := range branch.Items {
		aliases = append(aliases, item.Name)
	}
	for _, e := range exprs(branch) {
		for _, ref := range e.Columns {
			// Redshift knows an alias in every clause, PostgreSQL in GROUP BY.
			named := (e == branch.GroupBy || s.g.Engine == sqlfile.Redshift) && slices.Contains(aliases, ref.Column)
			if ref.Table != "" || ref.Column == "*" || named || slices.Contains(names, ref.Column) {
				continue
			}
			return s.errUnqualified(statement, branch, ref)
		}
	}
	return nil
}

// errUnqualified is the error about a column that no relation of FROM has.
func (s scope) errUnqualified(
	statement sqlfile.Statement, branch *selectstmt.Select, ref selectstmt.ColumnRef,
) error {
	var relations, lists []string
	for _, item := range branch.From {
		name := item.Alias
		if item.Relation != "" {
			name = item.Relation
		}
		if name == "" {
			name = "the subquery"
		}
		columns, _ := s.columns(item)
		if len(branch.From) == 1 {
			return s.errColumn(statement, ref, name, columns)
		}
		relations = append(relations, name)
		lists = append(lists, name+": "+strings.Join(columns, ", "))
	}
	msg := fmt.Sprintf("none of %s has a column %s", strings.Join(relations, ", "), ref.Column)
	return statement.ErrorAt(ref.Start, msg, strings.Join(lists, "; "), nil)
}
