package publish

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// Difference is how a live table differs from the one that was built beside it, counted by keys.
type Difference struct {
	Table   catalogue.Name // the name of both tables
	Rows    int64          // of the built table
	Added   int64          // keys that only the built table has
	Changed int64          // keys whose rows differ
	Removed int64          // keys that only the live table has
}

// Some tells whether anything differs.
func (d Difference) Some() bool { return d.Added+d.Changed+d.Removed > 0 }

// ComparedBy are the columns by which a built table is compared with the live one: its key, which
// is unique. A table without a key is compared by its first column without NULLs, in which several
// rows may share a value. There may be none.
func ComparedBy(live catalogue.Table) (columns []catalogue.Name, unique bool) {
	if len(live.Key) == 0 && len(live.Required) > 0 {
		return live.Required[:1], false
	}
	return live.Key, true
}

// DifferenceTable is where Compare leaves the keys whose rows differ.
func DifferenceTable(live catalogue.Table, scratch catalogue.Name) catalogue.Table {
	return catalogue.Table{Schema: scratch, Name: "difference_" + live.Name}
}

// Compare compares what was built with the live tables.
func (h *Handover) Compare(ctx context.Context) ([]Difference, error) {
	var out []Difference
	for _, b := range h.built {
		h.Observer(progress.Event{Kind: progress.StepUnderWay, Text: "compare " + string(b.live.Name)})
		d, err := h.compare(ctx, b)
		if err != nil {
			return out, fmt.Errorf("compare %s: %w", b.live.Name, err)
		}
		out = append(out, d)
	}
	return out, nil
}

// Holds tells whether a live table holds just some rows, and how many they are. rows is a query in
// brackets that gives the columns of live. If the server refuses the query, or a column's type has
// no binary form, the answer is no.
func (h *Handover) Holds(ctx context.Context, live catalogue.Table, rows string) (count int64, same bool, err error) {
	count, same, err = h.sameRows(ctx, live, rows)
	if catalogue.SQLState(err) != "" {
		return 0, false, nil
	}
	h.holds[live.Name] = same
	return count, same, err
}

// Added is how what was built differs from live tables that are empty.
func (h *Handover) Added() []Difference {
	out := make([]Difference, 0, len(h.built))
	for _, b := range h.built {
		out = append(out, Difference{Table: b.live.Name, Rows: b.rows, Added: b.rows})
	}
	return out
}

// compare leaves the difference, where there is one, in the scratch schema and counts it.
func (h *Handover) compare(ctx context.Context, b *builtTable) (Difference, error) {
	d := Difference{Table: b.live.Name, Rows: b.rows}
	if b.standing {
		return d, nil
	}
	here, difference := b.live.In(h.scratch), DifferenceTable(b.live, h.scratch)
	if h.Engine == sqlfile.Postgres {
		if _, told := h.holds[b.live.Name]; !told {
			_, same, err := h.sameRows(ctx, b.live, here.SQL())
			if same || err != nil && catalogue.SQLState(err) != catalogue.UndefinedFunction {
				return d, err
			}
		}
		if err := catalogue.Exec(ctx, h.tx, catalogue.Analyze(here)); err != nil {
			return d, err
		}
	}
	if err := catalogue.Exec(ctx, h.tx, catalogue.CreateDifference(difference, b.live, here)); err != nil {
		return d, err
	}
	count := catalogue.CountDifference(difference)
	return d, h.tx.QueryRow(ctx, count).Scan(&d.Added, &d.Changed, &d.Removed)
}

// sameRows tells whether a live table holds just the rows of what a FROM names, and how many those
// are, by the hashes of all rows. Where a column's type has no binary form, the error's state is
// catalogue.UndefinedFunction.
func (h *Handover) sameRows(
	ctx context.Context, live catalogue.Table, built string,
) (rows int64, same bool, err error) {
	var seed int64
	if err := binary.Read(rand.Reader, binary.NativeEndian, &seed); err != nil {
		return 0, false, fmt.Errorf("draw a seed: %w", err)
	}
	err = pgx.BeginFunc(ctx, h.tx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, catalogue.SameRows(live, built, seed)).Scan(&same, &rows)
	})
	return rows, same, err
}

// Apply writes the differences, and nothing else, into the live tables.
func (h *Handover) Apply(ctx context.Context, differences []Difference) error {
	for _, d := range differences {
		if !d.Some() {
			continue
		}
		h.Observer(progress.Event{Kind: progress.StepUnderWay, Text: "apply " + string(d.Table)})
		live := h.find(d.Table).live
		difference := DifferenceTable(live, h.scratch)
		if d.Changed+d.Removed > 0 {
			if err := catalogue.Exec(ctx, h.tx, catalogue.DeleteDifferent(live, difference)); err != nil {
				return fmt.Errorf("replay %s: %w", d.Table, err)
			}
		}
		h.Failpoint("replay.deleted." + string(d.Table))
		insert := catalogue.InsertDifferent(live, live.In(h.scratch), difference)
		if err := catalogue.Exec(ctx, h.tx, insert); err != nil {
			return fmt.Errorf("replay %s: %w", d.Table, err)
		}
		h.Failpoint("replay.applied." + string(d.Table))
	}
	return nil
}
