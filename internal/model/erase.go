package model

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// An Erasure names staged rows to erase: those in which every match holds.
type Erasure []Match

// A Match names rows by the values of a column. Of text, blanks at the end do not count; numbers
// compare as numbers.
type Match struct {
	Column string // the name of the column
	// Values is a qualified table with a text column named value. Of a number, a date or a time
	// each text has to be one.
	Values string
}

// Holds is the condition that a column of a row holds a value. ref is the column as the statement
// names it, value an expression of the type text. A column that is not known is taken for text.
func Holds(engine sqlfile.Engine, column schema.Column, ref, value string) string {
	base, size, _ := strings.Cut(column.Type, "(")
	switch base {
	case "smallint", "integer", "bigint":
		return ref + " = CAST(" + value + " AS BIGINT)"
	case "real", "double precision", "date", "timestamp without time zone", "timestamp with time zone":
		return ref + " = CAST(" + value + " AS " + strings.ToUpper(base) + ")"
	case "numeric":
		typ := "NUMERIC"
		if _, scale, sized := strings.Cut(strings.TrimSuffix(size, ")"), ","); sized {
			// As many digits as both engines have: the value may have more of them than the column.
			typ = "NUMERIC(" + strconv.Itoa(NumericDigits) + "," + scale + ")"
		}
		return ref + " = CAST(" + value + " AS " + typ + ")"
	case "boolean":
		return "CASE WHEN " + ref + " THEN 'true' WHEN NOT " + ref + " THEN 'false' END = " + value
	}
	if column.Text() {
		return "RTRIM(" + ref + ") = " + value
	}
	return "CAST(" + ref + " AS " + anyText(engine) + ") = " + value
}

// NumericDigits is how many digits a NUMERIC has at most on Redshift.
const NumericDigits = 38

func (x *Run) erased(name, alias string, list []Erasure) string {
	return Erased(x.Graph.Engine, x.Graph.tables[name], alias, list)
}

// Erased is the condition that a row of the table, called by the alias, is to be erased.
func Erased(engine sqlfile.Engine, table schema.Table, alias string, list []Erasure) string {
	var out []string
	for _, erasure := range list {
		var all []string
		for _, m := range erasure {
			column, _ := table.Column(m.Column)
			holds := Holds(engine, column, alias+"."+ident(m.Column), "e.value")
			all = append(all, "EXISTS (SELECT 1 FROM "+m.Values+" AS e WHERE "+holds+")")
		}
		both := strings.Join(all, " AND ")
		if len(all) > 1 && len(list) > 1 {
			both = "(" + both + ")"
		}
		out = append(out, both)
	}
	return strings.Join(out, " OR ")
}

// Erase deletes the rows that are to be erased, when every model has been computed without them.
func (x *Run) Erase(ctx context.Context) (rows int64, err error) {
	for _, name := range slices.Sorted(maps.Keys(x.Staged)) {
		staged := x.Staged[name]
		if len(staged.Erase) == 0 {
			continue
		}
		deleted, err := x.Session.Exec(
			ctx,
			x.statement(
				"erase the rows of "+name,
				"DELETE FROM "+x.stagedAt(name)+" WHERE "+x.erased(name, x.stagedAt(name), staged.Erase),
			),
		)
		if err != nil {
			return rows, err
		}
		rows += deleted
	}
	return rows, nil
}
