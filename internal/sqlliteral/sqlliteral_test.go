package sqlliteral_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/sqlliteral"
)

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"": `''`, "a": `'a'`, "it's": `'it''s'`, `a\b`: `REPLACE('a~b', '~', CHR(92))`,
		`\'~`: `REPLACE('^''~', '^', CHR(92))`, "''": `''''''`, "né\n": "'né\n'",
	} {
		if got := string(sqlliteral.AppendText(nil, []byte(text))); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// Whatever the text, no literal in what is made of it has a backslash, and a reader gets it back.
func TestTextReadsBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("ab'\\\"; -/*é~^|#@,)(\uE000"))).Draw(r, "text")
		got := string(sqlliteral.AppendText(nil, []byte(text)))
		if strings.Contains(got, `\`) {
			r.Fatalf("%q: got %s, want no backslash", text, got)
		}
		rest, replaced := strings.CutPrefix(got, "REPLACE(")
		read, rest := quoted(r, rest)
		if replaced {
			var sign string
			sign, rest = quoted(r, strings.TrimPrefix(rest, ", "))
			read = strings.ReplaceAll(read, sign, `\`)
			rest = strings.TrimPrefix(rest, ", CHR(92))")
		}
		if read != text || rest != "" {
			r.Fatalf("got %q and the rest %q of %s, want %q", read, rest, got, text)
		}
	})
}

// quoted reads a literal off the beginning of sql.
func quoted(r *rapid.T, sql string) (text, rest string) {
	if !strings.HasPrefix(sql, "'") {
		r.Fatalf("%s does not begin with a literal", sql)
	}
	var out strings.Builder
	for i := 1; i < len(sql); i++ {
		if sql[i] == '\'' {
			if i+1 == len(sql) || sql[i+1] != '\'' {
				return out.String(), sql[i+1:]
			}
			i++
		}
		out.WriteByte(sql[i])
	}
	r.Fatalf("%s does not end", sql)
	return "", ""
}

func TestNumbersAndTimes(t *testing.T) {
	number := int64(-7)
	for _, c := range []struct {
		got  []byte
		want string
	}{
		{sqlliteral.AppendInteger(nil, math.MinInt64), "CAST('-9223372036854775808' AS BIGINT)"},
		{sqlliteral.AppendInteger(nil, math.MaxInt64), "9223372036854775807"},
		{sqlliteral.AppendDouble(nil, 0.1, 64), "CAST('0.1' AS DOUBLE PRECISION)"},
		{sqlliteral.AppendDouble(nil, 1e300, 64), "CAST('1e+300' AS DOUBLE PRECISION)"},
		{sqlliteral.AppendDouble(nil, math.Inf(-1), 64), "CAST('-Infinity' AS DOUBLE PRECISION)"},
		{sqlliteral.AppendDouble(nil, math.NaN(), 64), "CAST('NaN' AS DOUBLE PRECISION)"},
		{sqlliteral.AppendDouble(nil, float64(float32(0.1)), 32), "CAST('0.1' AS REAL)"},
		{sqlliteral.AppendBoolean(nil, true), "TRUE"},
		{sqlliteral.AppendTimestamp(nil, time.Date(-94, 1, 8, 3, 4, 5, 0, time.UTC)), "TIMESTAMP '0095-01-08 " +
			"03:04:05 BC'"},
		{sqlliteral.AppendTimestamp(nil, time.Date(0, 2, 29, 0, 0, 0, 0, time.UTC)), "TIMESTAMP '0001-02-29 " +
			"00:00:00 BC'"},
		{sqlliteral.AppendTimestamp(nil, time.Date(-4713, 11, 24, 0, 0, 0, 0, time.UTC)), "TIMESTAMP '4714-11-24 " +
			"00:00:00 BC'"},
		{
			sqlliteral.AppendTimestamp(nil, time.Date(2018, 11, 2, 3, 4, 5, 6000, time.FixedZone("", 3600))),
			"TIMESTAMP '2018-11-02 02:04:05.000006'",
		},
		{must(sqlliteral.Append(nil, &number)), "-7"},
		{must(sqlliteral.Append(nil, (*string)(nil))), "NULL"},
	} {
		if string(c.got) != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
	if _, err := sqlliteral.Append(nil, 1.5); err == nil {
		t.Error("got no error, want one for a type without a literal")
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}
