package publish

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
)

// exampleKeys is of how many keys a difference gives examples.
const exampleKeys = 3

// An Example is one row that differs, as text: that of the live table, and that which was built. A
// row that only one of the two has is nil in the other.
type Example struct {
	Table   catalogue.Name
	Columns []catalogue.Name
	Key     []catalogue.Name // those of Columns by which the tables were compared
	Live    []*string        // a value is nil for NULL
	Built   []*string
}

// Examples reads some of the rows that a comparison found to differ: those of the first keys.
func (h *Handover) Examples(ctx context.Context, d Difference) ([]Example, error) {
	live := h.find(d.Table).live
	var sides [2][][]*string
	for i, table := range []catalogue.Table{live, live.In(h.scratch)} {
		query := catalogue.ReadDifferent(table, DifferenceTable(live, h.scratch), exampleKeys)
		var err error
		if sides[i], err = h.texts(ctx, query); err != nil {
			return nil, fmt.Errorf("read rows of %s that differ: %w", d.Table, err)
		}
	}
	compare := func(row, other []*string) int { return slices.Compare(keyOf(live, row), keyOf(live, other)) }
	lives, builts := without(sides[0], sides[1]), without(sides[1], sides[0])
	slices.SortStableFunc(lives, compare)
	slices.SortStableFunc(builts, compare)
	var out []Example
	for len(lives)+len(builts) > 0 && len(out) < exampleKeys {
		example := Example{Table: d.Table, Columns: live.Columns, Key: live.Key}
		order := len(builts) - len(lives) // where one side has no more rows
		if len(lives) > 0 && len(builts) > 0 {
			order = compare(lives[0], builts[0])
		}
		if len(lives) > 0 && order <= 0 {
			example.Live, lives = lives[0], lives[1:]
		}
		if len(builts) > 0 && order >= 0 {
			example.Built, builts = builts[0], builts[1:]
		}
		out = append(out, example)
	}
	return out, nil
}

// texts reads rows as the server writes their values as text.
func (h *Handover) texts(ctx context.Context, query string) ([][]*string, error) {
	rows, err := h.tx.Query(ctx, query, pgx.QueryResultFormats{pgx.TextFormatCode})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out [][]*string
	for rows.Next() {
		row := make([]*string, len(rows.RawValues()))
		for i, value := range rows.RawValues() {
			if value != nil {
				text := string(value)
				row[i] = &text
			}
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

// without returns the rows that others lacks. A row that stands five times in rows and three times
// in others is returned twice.
func without(rows, others [][]*string) [][]*string {
	left := map[string]int{}
	for _, row := range others {
		left[whole(row)]++
	}
	var out [][]*string
	for _, row := range rows {
		if left[whole(row)]--; left[whole(row)] < 0 {
			out = append(out, row)
		}
	}
	return out
}

// whole is a row as one text. Two different rows have different texts.
func whole(row []*string) string {
	var text strings.Builder
	for _, value := range row {
		if value == nil {
			text.WriteString("NULL,")
		} else {
			fmt.Fprintf(&text, "%q,", *value)
		}
	}
	return text.String()
}

// keyOf is the key of a row.
func keyOf(table catalogue.Table, row []*string) []string {
	var out []string
	for _, name := range table.Key {
		if value := row[slices.Index(table.Columns, name)]; value != nil {
			out = append(out, *value)
		}
	}
	return out
}
