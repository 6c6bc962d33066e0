package transform

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/suggest"
)

// A Selection names staged rows, and the refused records that hold the same values.
type Selection struct {
	Of []Selected // rows that any of these selects
	// Strict refuses a value that its column cannot hold; else such a column has no such row.
	Strict bool
}

// Selected are the rows of a staging table in which every match holds.
type Selected struct {
	Table   catalogue.Name // the name of the staging table
	Matches []Match        // all of them must hold
}

// A Match is a value of a column: Column is the name of the column, Value the value as text. Of
// text, blanks at its end do not count; numbers compare as numbers.
type Match struct{ Column, Value string }

// A SelectionError says that a selection does not fit the staging tables.
type SelectionError struct {
	Msg    string // what does not fit
	Advice string // what to write instead; "" when unknown
}

func (e *SelectionError) Error() string { return e.Msg }

// ExitCode is 2: the command line has to change.
func (*SelectionError) ExitCode() int { return 2 }

// Hint says what to write instead.
func (e *SelectionError) Hint() string { return e.Advice }

// chosen are the selected rows of one table, resolved: a row is chosen if all matches of one of its
// lists hold.
type chosen struct {
	table   catalogue.Table
	schema  schema.Table
	lists   [][]resolved
	rejects [][]value // what a refused record holds to be chosen, by list
}

// resolved is a match whose column is known, and whose value the column can hold.
type resolved struct {
	column schema.Column
	value  string
}

// resolve looks the selection up in the warehouse; one element for each table, in order.
func (r *Runner) resolve(ctx context.Context, q catalogue.Querier, s Selection) ([]*chosen, error) {
	live, err := r.currentSchema(ctx, q)
	if err != nil {
		return nil, err
	}
	tables, err := catalogue.ReadSchema(ctx, q, r.Engine, live)
	if err != nil {
		return nil, err
	}
	staging := loaded(r.Steps)
	var out []*chosen
	for _, selected := range s.Of {
		if !slices.Contains(staging, string(selected.Table)) {
			return nil, &SelectionError{
				Msg:    fmt.Sprintf("%q is not a staging table of the project", selected.Table),
				Advice: suggest.Hint(string(selected.Table), staging),
			}
		}
		known, ok := tables[string(selected.Table)]
		if !ok {
			return nil, fmt.Errorf("table %s does not exist", selected.Table)
		}
		at := slices.IndexFunc(out, func(c *chosen) bool { return c.table.Name == selected.Table })
		if at < 0 {
			at = len(out)
			out = append(out, &chosen{table: tableOf(live, known), schema: known})
		}
		if err := out[at].add(selected, s.Strict); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// tableOf is a table of the schema as package catalogue has it.
func tableOf(live catalogue.Name, known schema.Table) catalogue.Table {
	out := catalogue.Table{Schema: live, Name: catalogue.Name(known.Name)}
	for _, column := range known.Columns {
		out.Columns = append(out.Columns, catalogue.Name(column.Name))
	}
	return out
}

// sortable are the columns that a server can sort by: not those of JSON or SUPER.
func (c *chosen) sortable() []catalogue.Name {
	var out []catalogue.Name
	for _, column := range c.schema.Columns {
		base, _, _ := strings.Cut(column.Type, "(")
		plain := []string{
			"smallint",
			"integer",
			"bigint",
			"numeric",
			"real",
			"double precision",
			"date",
			"timestamp without time zone",
			"timestamp with time zone",
		}
		if column.Name != string(flagColumn) && (column.Text() || slices.Contains(plain, base)) {
			out = append(out, catalogue.Name(column.Name))
		}
	}
	return out
}

// add resolves one list of matches.
func (c *chosen) add(selected Selected, strict bool) error {
	var list []resolved
	var values []value
	fits := true
	for _, match := range selected.Matches {
		column, ok := c.schema.Column(match.Column)
		if !ok {
			var names []string
			for _, other := range c.schema.Columns {
				names = append(names, other.Name)
			}
			return &SelectionError{
				Msg:    fmt.Sprintf("table %s has no column %s", selected.Table, match.Column),
				Advice: suggest.Hint(match.Column, names),
			}
		}
		text, held := fitting(column, match.Value)
		if !held && strict {
			return &SelectionError{
				Msg: fmt.Sprintf(
					"column %s of %s is of type %s, and cannot hold %q",
					match.Column,
					selected.Table,
					column.Type,
					match.Value,
				),
			}
		}
		fits = fits && held
		list = append(list, resolved{column, text})
		values = append(values, newValue(match.Value, column))
	}
	if fits {
		c.lists = append(c.lists, list)
	}
	c.rejects = append(c.rejects, values)
	return nil
}

// fitting is a value as its column is asked for it; false where the column cannot hold it.
func fitting(column schema.Column, text string) (string, bool) {
	trimmed := strings.TrimSpace(text)
	base, size, _ := strings.Cut(column.Type, "(")
	switch base {
	case "smallint", "integer", "bigint":
		n, ok := number(trimmed)
		if !ok || !n.IsInt() || !n.Num().IsInt64() {
			return "", false
		}
		return n.Num().String(), true
	case "numeric":
		n, ok := number(trimmed)
		if !ok {
			return "", false
		}
		_, scaled, sized := strings.Cut(strings.TrimSuffix(size, ")"), ",")
		scale, err := strconv.Atoi(scaled)
		if !sized || err != nil {
			return trimmed, true
		}
		if exact, _ := new(big.Rat).SetString(n.FloatString(max(0, scale))); exact.Cmp(n) != 0 {
			return "", false // more decimals than the column has
		}
		fixed := n.FloatString(max(0, scale))
		return fixed, len(strings.Trim(fixed, "-.")) <= model.NumericDigits
	case "real", "double precision":
		_, err := strconv.ParseFloat(trimmed, 64)
		return trimmed, err == nil
	case "boolean":
		switch strings.ToLower(trimmed) {
		case "t", "true", "yes", "y", "1":
			return "true", true
		case "f", "false", "no", "n", "0":
			return "false", true
		}
		return "", false
	case "date":
		_, err := time.Parse(time.DateOnly, trimmed)
		return trimmed, err == nil
	case "timestamp without time zone":
		return moment(trimmed, time.DateTime, "2006-01-02T15:04:05", time.DateOnly)
	case "timestamp with time zone":
		return moment(trimmed, "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05Z07:00", time.RFC3339, time.DateTime)
	}
	return strings.TrimRight(text, " "), true
}

// moment is a text that has one of the layouts, with or without fractions of a second.
func moment(text string, layouts ...string) (string, bool) {
	return text, slices.ContainsFunc(layouts, func(layout string) bool {
		_, err := time.Parse(layout, text)
		return err == nil
	})
}

// where is the condition on rows called by the alias. hold says that a column holds the value of
// the n-th match, counted from 1 over all lists; "" means that no row is chosen.
func (c *chosen) where(hold func(n int, m resolved) string) string {
	n := 0
	var any []string
	for _, list := range c.lists {
		var all []string
		for _, m := range list {
			n++
			all = append(all, hold(n, m))
		}
		any = append(any, "("+strings.Join(all, " AND ")+")")
	}
	return strings.Join(any, " OR ")
}

// condition is where with the values as parameters $1, $2 and so on; "" means that no row is
// chosen.
func (c *chosen) condition(engine sqlfile.Engine, alias string) (sql string, values []any) {
	sql = c.where(func(n int, m resolved) string {
		values = append(values, m.value)
		column := alias + "." + catalogue.Name(m.column.Name).SQL()
		return model.Holds(engine, m.column, column, "CAST($"+strconv.Itoa(n)+" AS VARCHAR(65535))")
	})
	return sql, values
}
