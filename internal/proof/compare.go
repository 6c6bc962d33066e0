package proof

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// stored is one table that a model or a script writes.
type stored struct {
	model   *model.Model
	table   catalogue.Table
	columns []catalogue.Name // that the model gives
	rows    int64
	changes int64
}

func (s stored) copied() catalogue.Table { return s.table.In(live) }

// list writes the columns, each after a prefix.
func (s stored) list(prefix string) string {
	out := make([]string, len(s.columns))
	for i, name := range s.columns {
		out[i] = prefix + name.SQL()
	}
	return strings.Join(out, ", ")
}

// A Difference is where an increment did not agree with a build of everything.
type Difference struct {
	Delivery int               // its number, from 1; 0 is the first run
	Tables   []TableDifference // in the order of the models; empty where Err is set
	Err      error             // what failed in one of the two
	Msg      string            // which of the two failed, where Err is set
	Staged   []Staged          // the delivery, as far as it is needed to see the difference
	Lines    []Line            // of headers, that may be wrong
	// Found says that the increment agrees once one of Lines is less strict. Without it they are
	// merely those that have to do with the delivery.
	Found bool
}

// A TableDifference is one table that differs.
type TableDifference struct {
	Model      string         // the step that computes it, such as 210_f_order
	Table      catalogue.Name // the table that the model fills
	Missing    int64          // rows of a build that the increments do not give
	Unexpected int64          // rows of the increments that a build does not give
	// The first of these rows.
	MissingRows, UnexpectedRows []string
}

// Staged is what a delivery does to one staging table.
type Staged struct {
	Table        catalogue.Name // the name of the staging table
	Rows, Erased int            // rows that come in, and rows that are erased
	// The first of these rows.
	NewRows, ErasedRows []string
}

// A Line is a line of a header that may be wrong, with what to ask about it.
type Line struct {
	File   string // the model's file, as errors call it
	Line   int    // its number in File, from 1
	Text   string // what the line says; "" for the file as a whole
	Advice string // what to ask about the line; "" for nothing
}

// shownRows is how many rows a difference shows of each kind.
const shownRows = 3

// compare compares the stored tables with a build.
func (p *prover) compare(ctx context.Context, run *model.Run) (*Difference, error) {
	var d Difference
	for _, s := range p.stored {
		table := run.BuiltTable(string(s.table.Name))
		if table == nil {
			continue
		}
		increments := "SELECT " + s.list("i.") + " FROM " + s.copied().SQL() + " AS i"
		whole := "SELECT " + s.list("b.") + " FROM " + table.SQL + " AS b"
		missing, unexpected := whole+"\nEXCEPT\n"+increments, increments+"\nEXCEPT\n"+whole
		counts, err := p.Session.Numbers(ctx, model.Statement{SQL: "SELECT (SELECT COUNT(*) FROM (\n" + missing +
			"\n) AS m), (SELECT COUNT(*) FROM (\n" + unexpected + "\n) AS u),\n(SELECT COUNT(*) FROM " + table.SQL +
			"), (SELECT COUNT(*) FROM " + s.copied().SQL() + ")"})
		if err != nil {
			return nil, fmt.Errorf("compare %s: %w", s.table.Name, err)
		}
		found := TableDifference{
			Model: s.model.Step, Table: s.table.Name, Missing: counts[0], Unexpected: counts[1],
		}
		if found.Missing+found.Unexpected == 0 {
			// Where no key keeps a row from standing there twice, EXCEPT does not see it.
			found.Missing, found.Unexpected = max(0, counts[2]-counts[3]), max(0, counts[3]-counts[2])
		}
		if found.Missing+found.Unexpected == 0 {
			continue
		}
		var rows [2][][]cell
		for i, query := range []string{missing, unexpected} {
			if rows[i], err = p.rows(
				ctx, p.columnsOf(s), "FROM (\n"+query+"\n) AS m\nORDER BY "+s.order(),
			); err != nil {
				return nil, fmt.Errorf("compare %s: %w", s.table.Name, err)
			}
		}
		found.MissingRows, found.UnexpectedRows = s.texts(rows[0], rows[1]), s.texts(rows[1], rows[0])
		d.Tables = append(d.Tables, found)
	}
	if len(d.Tables) == 0 {
		return nil, nil //nolint:nilnil // no difference
	}
	return &d, nil
}

// order is what rows are ordered by: the key, or, without one, the first column.
func (s stored) order() string {
	var out []string
	for _, name := range s.table.Key {
		if slices.Contains(s.columns, name) {
			out = append(out, "m."+name.SQL())
		}
	}
	if len(out) == 0 {
		return "1"
	}
	return strings.Join(out, ", ")
}

// columnsOf are the columns of a stored table that its model gives.
func (p *prover) columnsOf(s stored) []schema.Column {
	var out []schema.Column
	for _, name := range s.columns {
		column, _ := p.Types[string(s.table.Name)].Column(string(name))
		column.Name = string(name)
		out = append(out, column)
	}
	return out
}

// cell is a column of a row, as a text.
type cell struct{ name, value string }

// rows reads the first rows of a query that calls them m.
func (p *prover) rows(ctx context.Context, columns []schema.Column, from string) ([][]cell, error) {
	list := make([]string, len(columns))
	for i, column := range columns {
		list[i] = p.text(column, "m")
	}
	rows, err := p.Tx.Query(ctx, "SELECT "+strings.Join(list, ", ")+"\n"+from+"\nLIMIT "+strconv.Itoa(shownRows))
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, query.RowToTexts)
	if err != nil {
		return nil, err
	}
	out := make([][]cell, len(found))
	for at, values := range found {
		out[at] = make([]cell, len(values))
		for i, value := range values {
			out[at][i] = cell{columns[i].Name, "NULL"}
			if value != nil {
				out[at][i].value = clip(*value)
			}
		}
	}
	return out, nil
}

// clip shortens a text that is too long to be read.
func clip(text string) string {
	const longest = 100
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "..."
	}
	return text
}

// text writes some cells of a row as "(a = 1, b = x)".
func text(row []cell, shown func(i int) bool) string {
	var out []string
	for i, c := range row {
		if shown(i) {
			out = append(out, c.name+" = "+c.value)
		}
	}
	return "(" + strings.Join(out, ", ") + ")"
}

func everything(int) bool { return true }

// texts writes rows for people. If a row of others has the same key, it writes the key and the
// columns that differ.
func (s stored) texts(rows, others [][]cell) []string {
	isKey := func(i int) bool { return slices.Contains(s.table.Key, s.columns[i]) }
	var out []string
	for _, row := range rows {
		shown := everything
		for _, other := range others {
			same := len(s.table.Key) > 0
			for i := range row {
				same = same && (!isKey(i) || row[i] == other[i])
			}
			if same {
				shown = func(i int) bool { return isKey(i) || row[i] != other[i] }
			}
		}
		out = append(out, text(row, shown))
	}
	return out
}

// trials bounds how often a delivery that showed a difference is tried in parts.
const trials = 60

// explain completes the difference that a delivery showed: with a small part of the delivery that
// shows one, too, and with the header lines that may be wrong.
func (p *prover) explain(ctx context.Context, next delivery) error {
	d := p.result.Difference
	d.Delivery = next.number
	if p.Graph.Engine == sqlfile.Postgres {
		var err error
		if next, err = p.shrink(ctx, next); err != nil {
			return fmt.Errorf("%s of seed %d: %w", naming(next.number), p.Seed, err)
		}
		if err := p.undone(ctx, func() error {
			if err := p.insert(ctx, next.items, false); err != nil {
				return err
			}
			return p.show(ctx, next)
		}); err != nil {
			return err
		}
	} else if d.Err == nil {
		if err := p.show(ctx, next); err != nil {
			return err
		}
	}
	if err := p.suspect(ctx, next); err != nil {
		return fmt.Errorf("%s of seed %d: %w", naming(next.number), p.Seed, err)
	}
	return nil
}

// shrink leaves rows out of a delivery as long as a difference remains.
func (p *prover) shrink(ctx context.Context, next delivery) (delivery, error) {
	left := trials
	differs := func(smaller delivery) (bool, error) {
		left--
		tried, err := p.try(ctx, smaller)
		if err != nil || tried.difference == nil {
			return false, err
		}
		tried.difference.Delivery = next.number
		p.result.Difference = tried.difference
		return true, nil
	}
	for size := (len(next.items) + len(next.erase) + 1) / 2; size > 0; size /= 2 {
		for at := 0; at < len(next.items)+len(next.erase) && left > 0; {
			smaller := next.without(at, at+size)
			same, err := differs(smaller)
			switch {
			case err != nil:
				return next, err
			case same:
				next = smaller
			default:
				at += size
			}
		}
	}
	return next, nil
}

// without is the delivery without some of its rows, counted from its new rows on to those to erase.
func (d delivery) without(from, to int) delivery {
	keep := func(rows []item, from, to int) []item {
		from, to = min(max(from, 0), len(rows)), min(max(to, 0), len(rows))
		return slices.Concat(rows[:from], rows[to:])
	}
	n := len(d.items)
	d.items, d.erase = keep(d.items, from, to), keep(d.erase, from-n, to-n)
	return d
}

// show notes what a delivery does to each staging table. Its rows are staged.
func (p *prover) show(ctx context.Context, next delivery) error {
	for table, s := range p.staged {
		staged := Staged{Table: s.table.Name}
		var added, erased []string
		for _, row := range next.items {
			if row.table == table {
				staged.Rows++
				added = append(added, strconv.FormatInt(row.id, 10))
			}
		}
		for _, row := range next.erase {
			if row.table == table {
				staged.Erased++
				erased = append(erased, strconv.FormatInt(row.id, 10))
			}
		}
		for ids, into := range map[*[]string]*[]string{&added: &staged.NewRows, &erased: &staged.ErasedRows} {
			if len(*ids) == 0 {
				continue
			}
			rows, err := p.rows(ctx, s.columns, "FROM "+s.copied().SQL()+" AS m\nWHERE m."+rowID.SQL()+
				" IN ("+strings.Join(*ids, ", ")+")\nORDER BY m."+rowID.SQL())
			if err != nil {
				return fmt.Errorf("show the rows of %s: %w", s.table.Name, err)
			}
			for _, row := range rows {
				*into = append(*into, text(row, everything))
			}
		}
		if staged.Rows+staged.Erased > 0 {
			p.result.Difference.Staged = append(p.result.Difference.Staged, staged)
		}
	}
	return nil
}
