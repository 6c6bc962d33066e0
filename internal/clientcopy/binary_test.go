package clientcopy_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/clientcopy"
)

// TestBinaryEqualsPgx compares the tuple of generated values with what pgx's own codecs make of the
// same values.
func TestBinaryEqualsPgx(t *testing.T) {
	columns := []clientcopy.Column{
		column("i2", "smallint"), column("i4", "integer"), column("i8", "bigint"),
		column("f4", "real"), column("f8", "double precision"), column("b", "boolean"),
		varchar("s", 0), column("d", "date"), column("ts", "timestamp without time zone"),
		column("tz", "timestamp with time zone"),
	}
	oids := []uint32{
		pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.Float4OID, pgtype.Float8OID,
		pgtype.BoolOID, pgtype.VarcharOID, pgtype.DateOID, pgtype.TimestampOID,
		pgtype.TimestamptzOID,
	}
	d := newDecoder(t, "COPY t FROM 's3://b/p' FORMAT AS JSON 'auto'", columns, 256)
	m := pgtype.NewMap()
	rapid.Check(t, func(r *rapid.T) {
		// the years 1 to 9999
		micros := rapid.Int64Range(-62135596800000000, 253402300799999999).Draw(r, "micros")
		at := time.UnixMicro(micros).UTC()
		day := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
		vals := []any{
			rapid.Int16().Draw(r, "i2"), rapid.Int32().Draw(r, "i4"), rapid.Int64().Draw(r, "i8"),
			rapid.Float32().Draw(r, "f4"), rapid.Float64().Draw(r, "f8"), rapid.Bool().Draw(r, "b"),
			strings.ReplaceAll(rapid.String().Draw(r, "s"), "\x00", ""), day, at, at,
		}
		null := rapid.SliceOfN(rapid.Bool(), len(vals), len(vals)).Draw(r, "null")
		var record strings.Builder
		want := binary.BigEndian.AppendUint16(nil, uint16(len(vals)))
		for i, v := range vals {
			text := fmt.Sprint(v)
			switch v := v.(type) {
			case float32:
				text = strconv.FormatFloat(float64(v), 'g', -1, 32)
			case float64:
				text = strconv.FormatFloat(v, 'g', -1, 64)
			case string:
				text = quoteJSON(v)
			case time.Time:
				layout := "2006-01-02 15:04:05.999999"
				if oids[i] == pgtype.DateOID {
					layout = "2006-01-02"
				}
				text = `"` + v.Format(layout) + `"`
			}
			if null[i] {
				text, v = "null", nil
			}
			record.WriteString([]string{"{", ","}[min(i, 1)] + `"` + columns[i].Name + `":` + text)
			if v == nil {
				want = append(want, 0xff, 0xff, 0xff, 0xff)
				continue
			}
			field, err := m.Encode(oids[i], pgtype.BinaryFormatCode, v, nil)
			if err != nil {
				t.Fatal(err)
			}
			want = append(binary.BigEndian.AppendUint32(want, uint32(len(field))), field...)
		}
		record.WriteString("}")
		if err := d.Decode(strings.NewReader(record.String())); err != nil || len(d.Rejects) > 0 {
			t.Fatalf("%s: got error %v, rejects %v; want none", record.String(), err, d.Rejects)
		}
		if !bytes.Equal(d.Tuples, want) {
			t.Fatalf("%s: got tuple\n%x, want\n%x", record.String(), d.Tuples, want)
		}
	})
}

func quoteJSON(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(c))
		case c < 0x20:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// TestNumeric compares NUMERIC with exact rationals, read back from the binary form by pgx's codec.
func TestNumeric(t *testing.T) {
	m := pgtype.NewMap()
	rapid.Check(t, func(r *rapid.T) {
		precision := rapid.IntRange(1, 38).Draw(r, "precision")
		scale := rapid.IntRange(0, precision).Draw(r, "scale")
		round := rapid.Bool().Draw(r, "round")
		text := rapid.StringMatching(
			`-?(0|[1-9][0-9]{0,20}|9{1,20})(\.([0-9]{1,12}|9{1,12}|0{1,9}[0-9]))?(e[+-]?[0-9]{1,2})?`,
		).Draw(r, "text")

		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("%s is no rational", text)
		}
		unit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
		scaled := new(big.Rat).Mul(exact, unit)
		n := new(big.Int).Quo(scaled.Num(), scaled.Denom()) // towards zero
		if round {
			rest := new(big.Rat).Sub(scaled, new(big.Rat).SetInt(n))
			if rest.Abs(rest).Cmp(big.NewRat(1, 2)) >= 0 {
				n.Add(n, big.NewInt(int64(exact.Sign())))
			}
		}
		limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil)
		fits := new(big.Int).Abs(n).Cmp(limit) < 0

		got, err := clientcopy.ParseNumeric(text, precision, scale, round)
		if (err == nil) != fits {
			t.Fatalf(
				"%s as NUMERIC(%d,%d), round %v: got error %v, want fits = %v", text, precision,
				scale, round, err, fits,
			)
		}
		if !fits {
			return
		}
		var back pgtype.Numeric
		if err := m.Scan(pgtype.NumericOID, pgtype.BinaryFormatCode, got, &back); err != nil {
			t.Fatalf("%s: %x: %v", text, got, err)
		}
		value := new(big.Rat).SetInt(back.Int)
		power := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(back.Exp, -back.Exp))), nil))
		if back.Exp < 0 {
			power.Inv(power)
		}
		value.Mul(value, power)
		want := new(big.Rat).Quo(new(big.Rat).SetInt(n), unit)
		if value.Cmp(want) != 0 {
			t.Fatalf(
				"%s as NUMERIC(%d,%d), round %v: got %s (%x), want %s", text, precision, scale,
				round, value, got, want,
			)
		}
	})
}
