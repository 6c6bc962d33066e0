package proof

import (
	"math/rand/v2"
	"slices"
)

// An item is one row to deliver: a sampled row as it is staged, or a copy of it with one column of
// another one.
type item struct {
	id     int64 // tells delivered rows apart, also equal ones
	table  int   // which staging table
	row    int   // the sampled row, from 1
	donor  int   // a copy: the sampled row that the column comes from; 0 for none
	column int   // a copy: the column, from 0
}

// A delivery is what one increment gets.
type delivery struct {
	number int // 0 is the first run, which builds
	items  []item
	erase  []item // rows that were delivered before, or that come with this delivery
	plain  bool   // its copies were taken out, and do not come again
}

// copied tells whether an item is a copy with a changed column.
func copied(i item) bool { return i.donor > 0 }

// A deck holds what is still to be delivered, and knows what was. The same seed and the same sample
// give the same deliveries.
type deck struct {
	random     *rand.Rand
	increments int
	waiting    [][]item // by table
	delivered  []item   // not erased since
	lastID     int64
}

// newDeck shuffles the rows of a sample, some of them twice, and copies with one changed column.
// rows and columns are those of each table.
func newDeck(random *rand.Rand, rows, columns []int, increments int) *deck {
	d := &deck{random: random, increments: increments, waiting: make([][]item, len(rows))}
	for table, n := range rows {
		var all []item
		for row := 1; row <= n; row++ {
			all = append(all, item{table: table, row: row})
			if random.IntN(10) == 0 {
				all = append(all, item{table: table, row: row})
			}
		}
		if n > 1 && columns[table] > 0 {
			// A small sample is worth many copies: each is a case that its rows alone do not give.
			for range max(n/5, min(3*n, 3*increments)) {
				row, donor := 1+random.IntN(n), 1+random.IntN(n)
				if row != donor {
					all = append(all, item{table: table, row: row, donor: donor, column: random.IntN(columns[table])})
				}
			}
		}
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		d.waiting[table] = all
	}
	return d
}

// left is how many rows wait.
func (d *deck) left() int {
	n := 0
	for _, waiting := range d.waiting {
		n += len(waiting)
	}
	return n
}

// take moves up to n rows of a table, or of any table where it is negative, into a delivery.
func (d *deck) take(into *delivery, table, n int) {
	for ; n > 0; n-- {
		from := table
		if from < 0 {
			left := d.left()
			if left == 0 {
				return
			}
			at := d.random.IntN(left)
			for from = 0; at >= len(d.waiting[from]); from++ {
				at -= len(d.waiting[from])
			}
		}
		if len(d.waiting[from]) == 0 {
			return
		}
		i := d.waiting[from][0]
		d.waiting[from] = d.waiting[from][1:]
		d.lastID++
		i.id = d.lastID
		into.items = append(into.items, i)
	}
}

// next takes the rows of a delivery.
func (d *deck) next(number int) delivery {
	next := delivery{number: number}
	left, more := d.left(), d.increments-number+1
	switch {
	case number == 0:
		// The first run may find nothing, or half of everything.
		if d.random.IntN(4) > 0 {
			d.take(&next, -1, d.random.IntN(left/2+1))
		}
	case number == d.increments:
		d.take(&next, -1, left)
	case d.random.IntN(2) == 0:
		// A few rows of one table: what follows from them is not hidden by other changes.
		var tables []int
		for table, waiting := range d.waiting {
			if len(waiting) > 0 {
				tables = append(tables, table)
			}
		}
		if len(tables) > 0 {
			d.take(&next, tables[d.random.IntN(len(tables))], 1+d.random.IntN(4))
		}
	default:
		d.take(&next, -1, 1+int(float64(left)/float64(more)*d.random.ExpFloat64()))
	}
	return next
}

// An erasure is a row to erase and how many others go with it.
type erasure struct {
	item  item
	alike bool // all deliveries of the same sampled row
	value int  // all rows with the value that it has in this column; -1 for none
}

// erasures chooses rows to erase in a delivery, of what was delivered before and of its own.
func (d *deck) erasures(next delivery, columns []int) []erasure {
	all := slices.Concat(d.delivered, next.items)
	if next.number == 0 || len(all) == 0 || d.random.IntN(2) == 0 {
		return nil
	}
	n := 1 + d.random.IntN(3)
	if d.random.IntN(8) == 0 {
		n += d.random.IntN(1 + len(all)/4)
	}
	var out []erasure
	for range n {
		e := erasure{item: all[d.random.IntN(len(all))], value: -1}
		switch d.random.IntN(3) {
		case 0:
			e.alike = true
		case 1:
			e.value = d.random.IntN(columns[e.item.table])
		}
		out = append(out, e)
	}
	return out
}

// accept notes what a delivery has left. Some erased rows come again.
func (d *deck) accept(done delivery) {
	d.delivered = append(d.delivered, done.items...)
	gone := map[int64]bool{}
	for _, i := range done.erase {
		gone[i.id] = true
		if done.number < d.increments && !(done.plain && copied(i)) && d.random.IntN(2) == 0 {
			waiting := d.waiting[i.table]
			d.waiting[i.table] = slices.Insert(waiting, d.random.IntN(len(waiting)+1), i)
		}
	}
	d.delivered = slices.DeleteFunc(d.delivered, func(i item) bool { return gone[i.id] })
}

// withoutCopies is the delivery with nothing but rows as they are staged: it erases the copies that
// came before, too.
func (d *deck) withoutCopies(of delivery) delivery {
	out := delivery{number: of.number, plain: true}
	out.items = slices.DeleteFunc(slices.Clone(of.items), copied)
	out.erase = slices.DeleteFunc(slices.Clone(of.erase), copied)
	for _, i := range d.delivered {
		if copied(i) {
			out.erase = append(out.erase, i)
		}
	}
	return out
}

// dropCopies takes the copies out of what waits.
func (d *deck) dropCopies() {
	for table, waiting := range d.waiting {
		d.waiting[table] = slices.DeleteFunc(waiting, copied)
	}
}

// anyCopies tells whether a copy is staged, or comes with a delivery.
func (d *deck) anyCopies(next delivery) bool {
	return slices.ContainsFunc(next.items, copied) || slices.ContainsFunc(d.delivered, copied)
}
