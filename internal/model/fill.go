package model

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// fill makes the table of a stored model, with the columns that the SELECT gives. PostgreSQL
// computes the rows of a CREATE TABLE AS by several processes, and those of an INSERT by one
// (https://www.postgresql.org/docs/current/when-can-parallel-query-be-used.html).
func (x *Run) fill(ctx context.Context, m *Model, built *Table, query string) error {
	if x.Graph.Engine == sqlfile.Redshift {
		// A CAST cuts there, and the transaction ends with a refused row.
		if err := x.checkFits(ctx, m, from(query)); err != nil {
			return err
		}
	}
	return x.Session.Attempt(ctx, func() (err error) {
		built.Rows, err = x.Session.Create(ctx, x.statement("all of its rows, with the types of the table",
			"CREATE TABLE "+built.SQL+" AS\n"+x.stored(m, query)), built.SQL)
		return err
	})
}

// stored is a query of the rows of a stored model's query, with the types of the model's table.
func (x *Run) stored(m *Model, query string) string {
	return "SELECT " + x.assignment(m) + "\nFROM (\n" + query + "\n) AS made"
}

// assignment is the select list that gives the rows of a query, called made, the columns of the
// table as INSERT would store them, in the table's order.
func (x *Run) assignment(m *Model) string {
	var out []string
	for _, column := range m.table.Columns {
		if !slices.Contains(m.live, column.Name) {
			continue
		}
		expression := assigned(column)
		if x.Graph.Engine == sqlfile.Redshift {
			expression = "CAST(made." + ident(column.Name) + " AS " + column.Type + ")"
		}
		out = append(out, expression+" AS "+ident(column.Name))
	}
	for _, name := range m.live {
		if _, ok := m.table.Column(name); !ok { // the migrations do not spell it out
			out = append(out, "made."+ident(name)+" AS "+ident(name))
		}
	}
	return strings.Join(out, ", ")
}

// Complete tells whether a stored model gives every column of its table.
func (m *Model) Complete() bool { return m.Kind == Script || len(m.live) == len(m.table.Columns) }

// Live are the columns of a stored model's table that the model gives, in the SELECT's order.
func (m *Model) Live() []string { return slices.Clone(m.live) }

// LiveTexts are those of the Live columns that are texts in the table.
func (m *Model) LiveTexts() []string {
	return slices.DeleteFunc(m.Live(), func(name string) bool {
		column, _ := m.table.Column(name)
		return !column.Text()
	})
}

// assigned is a column of made as INSERT would store it. A text that is too long is an error, which
// a plain CAST would cut (https://www.postgresql.org/docs/current/datatype-character.html).
func assigned(column schema.Column) string {
	expression := "made." + ident(column.Name)
	switch {
	case column.Text() && column.Length() > 0 && strings.HasPrefix(column.Type, "character varying"):
		// The function behind the type's length, told that the cast is not explicit.
		expression = fmt.Sprintf(
			`CAST(pg_catalog."varchar"(CAST(%s AS VARCHAR), %d, FALSE) AS %s)`, expression,
			column.Length()+4, column.Type,
		)
	default:
		expression = "CAST(" + expression + " AS " + column.Type + ")"
	}
	switch column.Collation {
	case "":
		return expression
	case "C":
		return expression + ` COLLATE "C"`
	default:
		return expression + " COLLATE " + column.Collation
	}
}
