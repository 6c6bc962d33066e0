package model_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"strings"
)

// A rowMaker makes one row of a staging table, as SQL literals by column, without object.
type rowMaker struct {
	table   string
	columns []string
	make    func(r *rand.Rand) []string
	erase   []string // columns whose values name rows to erase, object apart
}

// A fuzz delivers random rows to a store and compares after each increment.
type fuzz struct {
	*store
	r       *rand.Rand
	makers  []rowMaker
	rows    map[string][][]string // what was delivered
	objects int
	history []string
	most    int                    // rows of a delivery to a table; 0 means 4
	after   func(history []string) // compares with more than a build, where set
}

// deliver stages rows: new ones, repeats, and repeats with a column from another row.
func (f *fuzz) deliver(maker rowMaker, rows int) {
	if rows == 0 {
		return
	}
	f.objects++
	var values []string
	for range rows {
		row := maker.make(f.r)
		if known := f.rows[maker.table]; len(known) > 0 {
			switch f.r.IntN(4) {
			case 0:
				row = known[f.r.IntN(len(known))]
			case 1:
				column := f.r.IntN(len(row))
				other := row[column]
				row = append([]string{}, known[f.r.IntN(len(known))]...)
				row[column] = other
			}
		}
		f.rows[maker.table] = append(f.rows[maker.table], row)
		// Half of the rows share an object, so that one of two copies can be erased.
		values = append(values, fmt.Sprintf("(%s, 'o%d')", strings.Join(row, ", "), f.objects*2+f.r.IntN(2)))
	}
	sql := fmt.Sprintf("INSERT INTO %s (%s, object) VALUES %s", maker.table, strings.Join(maker.columns, ", "),
		strings.Join(values, ", "))
	f.exec(sql)
	f.history = append(f.history, sql)
}

// erasures names rows to erase: those of an object, or those with a value.
func (f *fuzz) erasures() []erasure {
	var out []erasure
	for f.r.IntN(3) == 0 {
		maker := f.makers[f.r.IntN(len(f.makers))]
		e := erasure{table: maker.table, column: "object", value: fmt.Sprintf("o%d", 2+f.r.IntN(2*f.objects+1))}
		if len(maker.erase) > 0 && f.r.IntN(3) == 0 {
			e.column = maker.erase[f.r.IntN(len(maker.erase))]
			found := f.lines(fmt.Sprintf(`SELECT DISTINCT "%s" FROM %s WHERE "%s" IS NOT NULL`, e.column, e.table,
				e.column))
			if len(found) == 0 {
				continue
			}
			e.value = strings.TrimRight(found[f.r.IntN(len(found))], " ")
		}
		out = append(out, e)
	}
	return out
}

// round empties the store and delivers so many times.
func (f *fuzz) round(deliveries int) {
	f.t.Helper()
	f.empty()
	f.rows, f.objects, f.history = map[string][][]string{}, 0, nil
	f.first()
	for i := range deliveries {
		for _, maker := range f.makers {
			// The first fills most tables; later ones often touch one only.
			if i == 0 || f.r.IntN(3) == 0 {
				f.deliver(maker, f.r.IntN(1+cmp.Or(f.most, 4)))
			}
		}
		var erase []erasure
		if f.objects > 0 {
			erase = f.erasures()
		}
		f.history = append(f.history, fmt.Sprintf("-- increment, erasing %v", erase))
		f.step(erase...)
	}
}

func (f *fuzz) step(erase ...erasure) {
	f.t.Helper()
	f.beside = len(erase) == 0 && f.r.IntN(3) == 0
	if _, err := f.increment(erase...); err != nil {
		f.t.Fatalf("increment: %v\nafter\n%s", err, strings.Join(f.history, ";\n"))
	}
	f.large = int64(1 + f.r.IntN(2)*100_000)
	f.same(f.history)
	if f.after != nil {
		f.after(f.history)
	}
}

// oneOf draws one of several literals.
func oneOf(r *rand.Rand, values ...string) string { return values[r.IntN(len(values))] }

// number draws a small whole number, or NULL now and then.
func number(r *rand.Rand, most int) string {
	if r.IntN(12) == 0 {
		return "NULL"
	}
	return fmt.Sprint(1 + r.IntN(most))
}
