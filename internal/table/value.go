package table

import (
	"math"
	"strconv"
	"strings"
	"time"
)

func float32Value(f float64) float64 {
	v, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', -1, 32), 64)
	if err != nil {
		return f
	}
	return v
}

// exact is a value's text for programs: no separators, RFC 3339 for times. NULL gives "".
func exact(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case bool:
		return strconv.FormatBool(x)
	case int64:
		return strconv.FormatInt(x, 10)
	case uint64:
		return strconv.FormatUint(x, 10)
	case float64:
		switch { // PostgreSQL writes Infinity, Go would write +Inf
		case math.IsInf(x, 1):
			return "Infinity"
		case math.IsInf(x, -1):
			return "-Infinity"
		}
		return strconv.FormatFloat(x, 'f', -1, 64)
	case Decimal:
		return x.Digits
	case time.Time:
		return x.UTC().Format(time.RFC3339Nano)
	case string:
		return x
	}
	return ""
}

// readable is a value's text for people: measures with thousands separators, times without zone
// (they are UTC), NULL as a dash, control characters shown rather than obeyed by the terminal.
func readable(v any, kind Kind) string {
	switch x := v.(type) {
	case nil:
		return "–"
	case time.Time:
		return x.UTC().Format("2006-01-02 15:04:05.999999")
	case string:
		return visible(x)
	case Decimal:
		return x.people(kind)
	case float64:
		if kind != KindMeasure || math.IsNaN(x) || math.IsInf(x, 0) {
			return exact(x)
		}
		return people(x)
	}
	if kind == KindMeasure && numeric(v) {
		return grouped(exact(v))
	}
	return exact(v)
}

// significant is how many digits of a fraction people are shown: enough for coordinates, few enough
// for averages.
const significant = 6

// people is a finite float with thousands separators, rounded to its whole part and at least six
// digits.
func people(x float64) string {
	size := math.Abs(x)
	if size != 0 && (size >= 1e15 || size < 1e-4) {
		return strconv.FormatFloat(x, 'g', significant, 64)
	}
	decimals := significant
	if size >= 1 {
		decimals = max(significant-1-int(math.Floor(math.Log10(size))), 0)
	}
	text := strconv.FormatFloat(x, 'f', decimals, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		text = "0"
	}
	return grouped(text)
}

// Count writes a whole number for people, with commas between its thousands.
func Count(n int64) string { return grouped(strconv.FormatInt(n, 10)) }

// Bytes writes a size in bytes for people: "812 B", "1.5 MiB", "300 MiB".
func Bytes(n int64) string {
	if n < 1024 {
		return strconv.FormatInt(n, 10) + " B"
	}
	size, unit := float64(n), 0
	for size >= 1024 && unit < 5 {
		size /= 1024
		unit++
	}
	digits := 1
	if size >= 100 {
		digits = 0
	}
	return strconv.FormatFloat(size, 'f', digits, 64) + " " + string("KMGTP"[unit-1]) + "iB"
}

// grouped puts commas between the thousands of a decimal number.
func grouped(number string) string {
	sign := ""
	if rest, ok := strings.CutPrefix(number, "-"); ok {
		sign, number = "-", rest
	}
	whole, fraction, hasFraction := strings.Cut(number, ".")
	var out strings.Builder
	out.WriteString(sign)
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			out.WriteByte(',')
		}
		out.WriteRune(digit)
	}
	if hasFraction {
		out.WriteByte('.')
		out.WriteString(fraction)
	}
	return out.String()
}

// visible writes control characters as escapes: data must neither break a table's lines nor command
// the terminal. The same goes for marks that reorder text.
func visible(s string) string {
	hostile := func(r rune) bool {
		return r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) || r == 0x2028 || r == 0x2029 ||
			(r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069)
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexFunc(s, hostile) < 0 {
		return s
	}
	var out strings.Builder
	for _, r := range s {
		if !hostile(r) {
			out.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteToASCII(string(r))
		out.WriteString(quoted[1 : len(quoted)-1])
	}
	return out.String()
}
