package query

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/sparkify/dwh/internal/table"
)

// TextFormat is the first argument of a query whose values are read with Value: the server then
// sends each column as text.
var TextFormat = pgx.QueryResultFormats{pgx.TextFormatCode}

// Value returns what a table holds for a column's value that the server sent as text: a bool, a
// number, a time, or the text itself for each other type. raw is nil for NULL.
func Value(raw []byte, field pgconn.FieldDescription) any {
	if raw == nil {
		return nil
	}
	text := string(raw)
	switch field.DataTypeOID {
	case pgtype.BoolOID:
		return text == "t"
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.OIDOID, pgtype.XIDOID, pgtype.CIDOID:
		if number, err := strconv.ParseInt(text, 10, 64); err == nil {
			return number
		}
	case pgtype.Float4OID, pgtype.Float8OID:
		// REAL too as a float64: REAL 0.1 comes as "0.1", and its float32 is another number.
		if number, err := strconv.ParseFloat(text, 64); err == nil {
			return number
		}
	case pgtype.NumericOID:
		return numeric(text, field.TypeModifier)
	case pgtype.TimestampOID:
		var stamp pgtype.Timestamp
		if err := stamp.Scan(text); err == nil && writable(stamp.Time, stamp.InfinityModifier) {
			return stamp.Time
		}
	case pgtype.TimestamptzOID:
		var stamp pgtype.Timestamptz
		if err := stamp.Scan(text); err == nil && writable(stamp.Time.UTC(), stamp.InfinityModifier) {
			return stamp.Time.UTC()
		}
	}
	return text
}

// writable tells whether RFC 3339 can write a time. It has four digits for the year, and neither
// years before Christ nor infinity.
func writable(at time.Time, infinity pgtype.InfinityModifier) bool {
	return infinity == pgtype.Finite && at.Year() >= 1 && at.Year() <= 9999
}

// mostDecimals is how many digits behind the point a number without a declared scale may have to be
// shown with all of them. The average of NUMERIC(12, 2) has 12 or more, of which most say nothing;
// a sum has those of its terms.
const mostDecimals = 10

// numeric is a NUMERIC as the server writes it: a whole number, or the digits that its type keeps.
// A modifier below 0 says that the type has no scale.
func numeric(text string, modifier int32) any {
	if whole, err := strconv.ParseInt(text, 10, 64); err == nil {
		return whole
	}
	number, err := strconv.ParseFloat(text, 64)
	if err == nil && (math.IsNaN(number) || math.IsInf(number, 0)) {
		return number
	}
	_, fraction, _ := strings.Cut(text, ".")
	return table.Decimal{Digits: text, Long: modifier < 0 && len(fraction) > mostDecimals}
}
