package table

import (
	"strconv"
	"strings"
)

// Decimal is a number with a point that is exact: every format writes its digits as they are, so
// that NUMERIC(12, 2) 270.9 stays 270.90.
type Decimal struct {
	Digits string // the number as text, such as "-1270.90"
	// Long says that no type limits the digits behind the point, as in an average. People are shown
	// as many as of a float; JSON and CSV have all of them.
	Long bool
}

// String returns the digits.
func (d Decimal) String() string { return d.Digits }

// MarshalJSON returns the digits as a JSON number.
func (d Decimal) MarshalJSON() ([]byte, error) { return []byte(d.Digits), nil }

// float is the nearest float64.
func (d Decimal) float() float64 {
	f, err := strconv.ParseFloat(d.Digits, 64)
	if err != nil {
		return 0
	}
	return f
}

// decimals is how many digits stand behind the point.
func (d Decimal) decimals() int {
	_, fraction, _ := strings.Cut(d.Digits, ".")
	return len(fraction)
}

// people is the number for people: a measure has commas between its thousands.
func (d Decimal) people(kind Kind) string {
	switch {
	case kind == KindMeasure && d.Long:
		return people(d.float())
	case kind == KindMeasure:
		return grouped(d.Digits)
	}
	return d.Digits
}

// Decimals is how many digits behind the point a column's numbers have in common, which a chart
// writes too; -1 where no type says it, as of floats.
func (t Table) Decimals(column int) int {
	out := -1
	for _, row := range t.Rows {
		switch v := plain(row[column]).(type) {
		case Decimal:
			if v.Long {
				return -1
			}
			out = max(out, v.decimals())
		case float64:
			return -1
		}
	}
	return out
}

// Fixed is a measure as people read it, with so many digits behind the point; with a negative
// number it is Number.
func Fixed(v float64, decimals int) string {
	if decimals < 0 {
		return Number(v)
	}
	return grouped(strconv.FormatFloat(v, 'f', decimals, 64))
}
