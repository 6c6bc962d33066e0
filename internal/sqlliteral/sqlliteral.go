// Package sqlliteral writes values as SQL literals that Redshift reads as what they are.
package sqlliteral

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"
)

// Null and Default stand in a list of VALUES (dg/r_INSERT_30).
const (
	Null    = "NULL"
	Default = "DEFAULT"
)

// AppendText appends text as a string literal. Quotes are doubled. A backslash never stands in a
// literal: in Redshift's, as in PostgreSQL 8.0's, it escapes what follows it, in those of the SQL
// standard it does not, and a text must be the same text, and end where it ends, by both readings.
// A character that the text has not stands for it, and REPLACE puts it in. The text must be valid
// UTF-8 without U+0000, which no literal can hold.
func AppendText(dst []byte, text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 {
		return appendQuoted(dst, text)
	}
	sign := absent(text)
	dst = append(dst, "REPLACE("...)
	dst = appendQuoted(dst, bytes.ReplaceAll(text, []byte{'\\'}, sign))
	dst = append(dst, ", "...)
	dst = appendQuoted(dst, sign)
	return append(dst, ", CHR(92))"...)
}

// absent is a character that the text has not.
func absent(text []byte) []byte {
	for _, c := range []byte("~^|#@") {
		if bytes.IndexByte(text, c) < 0 {
			return []byte{c}
		}
	}
	// No text that fits a column holds all characters from the private use area on.
	for r := rune(0xE000); ; r++ {
		if sign := utf8.AppendRune(nil, r); r != utf8.RuneError && !bytes.Contains(text, sign) {
			return sign
		}
	}
}

func appendQuoted(dst, text []byte) []byte {
	dst = append(dst, '\'')
	from := 0
	for i, c := range text {
		if c == '\'' {
			dst = append(dst, text[from:i]...)
			dst = append(dst, c)
			from = i
		}
	}
	dst = append(dst, text[from:]...)
	return append(dst, '\'')
}

// AppendInteger appends a whole number.
func AppendInteger(dst []byte, n int64) []byte {
	// The smallest one is no literal: it would be read as the negative of a number that is too
	// large.
	if n == -1<<63 {
		return append(dst, "CAST('-9223372036854775808' AS BIGINT)"...)
	}
	return strconv.AppendInt(dst, n, 10)
}

// AppendDouble appends a DOUBLE PRECISION of size 64, or a REAL of size 32. It is typed: a bare 0.1
// would be a NUMERIC, and in a list of VALUES one with the scale of its neighbours.
func AppendDouble(dst []byte, f float64, size int) []byte {
	dst = append(dst, "CAST('"...)
	switch {
	case f != f:
		dst = append(dst, "NaN"...)
	case f > 0 && f*0 != 0:
		dst = append(dst, "Infinity"...)
	case f < 0 && f*0 != 0:
		dst = append(dst, "-Infinity"...)
	default:
		dst = strconv.AppendFloat(dst, f, 'g', -1, size)
	}
	if size == 32 {
		return append(dst, "' AS REAL)"...)
	}
	return append(dst, "' AS DOUBLE PRECISION)"...)
}

// AppendBoolean appends TRUE or FALSE.
func AppendBoolean(dst []byte, b bool) []byte {
	if b {
		return append(dst, "TRUE"...)
	}
	return append(dst, "FALSE"...)
}

// AppendTimestamp appends a moment in UTC as a TIMESTAMP, to the microsecond.
func AppendTimestamp(dst []byte, t time.Time) []byte {
	dst = append(dst, "TIMESTAMP '"...)
	dst = AppendMoment(dst, t, "2006-01-02 15:04:05.999999")
	return append(dst, '\'')
}

// AppendMoment appends a moment in UTC by a layout of package time. A year before the year 1 is
// written as SQL has it, with BC at the end.
func AppendMoment(dst []byte, t time.Time, layout string) []byte {
	t = t.UTC()
	if t.Year() > 0 {
		return t.AppendFormat(dst, layout)
	}
	// The calendar repeats after 400 years, so the day and the month are those of a year that Go's
	// layouts can write.
	year := 1 - t.Year()
	shifted := time.Date(
		2000+((t.Year()%400)+400)%400, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(),
		t.Nanosecond(), time.UTC,
	)
	text := shifted.Format(layout)
	return append(append(append(dst, fmt.Sprintf("%04d", year)...), text[4:]...), " BC"...)
}

// Append appends a value of one of the types that the bookkeeping tables hold; a nil pointer is
// NULL.
func Append(dst []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return append(dst, Null...), nil
	case string:
		return AppendText(dst, []byte(v)), nil
	case *string:
		if v == nil {
			return append(dst, Null...), nil
		}
		return AppendText(dst, []byte(*v)), nil
	case bool:
		return AppendBoolean(dst, v), nil
	case int64:
		return AppendInteger(dst, v), nil
	case *int64:
		if v == nil {
			return append(dst, Null...), nil
		}
		return AppendInteger(dst, *v), nil
	case time.Time:
		return AppendTimestamp(dst, v), nil
	}
	return dst, fmt.Errorf("a value of type %T has no literal", value)
}
