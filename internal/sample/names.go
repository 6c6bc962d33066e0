package sample

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
)

// writeNames writes the baby names of three years as the United States Social
// Security Administration publishes them (www.ssa.gov/oact/babynames/limits.html):
// name,sex,births; girls first, by births. It returns the numbers of rows and files.
func (w *writer) writeNames(ctx context.Context) (rows, files int, err error) {
	dir := filepath.Join(w.dir, namesFolder)
	if err := w.makeFolder(dir); err != nil {
		return 0, 0, err
	}
	type births struct {
		name, sex string
		n         int
	}
	for _, year := range []int{1985, 1990, 1995} {
		if err := ctx.Err(); err != nil {
			return 0, 0, err
		}
		r := newRandom(w.options.Seed, streamNames, uint64(year), 0)
		var list []births
		for _, given := range givenNames() {
			n := 500 + r.below(30_000)
			list = append(list, births{given.name, given.sex, n})
			if given.shared {
				other := "F"
				if given.sex == "F" {
					other = "M"
				}
				list = append(list, births{given.name, other, 5 + n/(2+r.below(8))})
			}
		}
		slices.SortFunc(list, func(a, b births) int {
			return cmp.Or(cmp.Compare(a.sex, b.sex), cmp.Compare(b.n, a.n), cmp.Compare(a.name, b.name))
		})
		var b []byte
		for _, row := range list {
			b = fmt.Appendf(b, "%s,%s,%d\n", row.name, row.sex, row.n)
		}
		if err := w.writeFile(filepath.Join(dir, fmt.Sprintf("yob%d.txt", year)), b); err != nil {
			return 0, 0, err
		}
		rows += len(list)
		files++
	}
	return rows, files, nil
}
