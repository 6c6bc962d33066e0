package redshiftstandin

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// convert turns a record's fields into SQL, a literal a column.
func (c *copyRun) convert(fields []field) ([]string, *badRecord) {
	out := make([]string, len(fields))
	for i, f := range fields {
		column := &c.columns[i]
		text, null, bad := c.value(column, f)
		switch {
		case bad != nil:
			bad.column, bad.value = column, f.text
			return nil, bad
		case !null:
			out[i] = literal(text)
		case !column.notNull:
			out[i] = "NULL"
		case column.hasDefault:
			out[i] = "DEFAULT" // dg/r_ALTER_TABLE
		default:
			return nil, &badRecord{column: column, code: 1213, reason: "Missing data for not-null field"}
		}
	}
	return out, nil
}

// value turns one field into a column's text.
func (c *copyRun) value(column *copyColumn, f field) (text string, null bool, bad *badRecord) {
	if f.null {
		return "", true, nil
	}
	isText := column.kind == "character varying" || column.kind == "character"
	if isText {
		return c.textValue(column, f)
	}
	text = strings.TrimSpace(f.text)
	if text == "" { // for every type but text always NULL
		return "", true, nil
	}
	if f.kind == 'b' && column.kind != "boolean" || f.kind == 'c' {
		return "", false, invalid(column, f.text)
	}
	switch column.kind {
	case "smallint", "integer", "bigint":
		// A number of text holds digits alone (dg/r_Load_Error_Reference, 1207).
		if c.format != "json" && strings.ContainsAny(text, ".eE") {
			return "", false, invalid(column, text)
		}
		return wholeNumber(column, text)
	case "numeric":
		return decimalNumber(column, text, c.flags["ROUNDEC"])
	case "real", "double precision":
		return floatNumber(column, text)
	case "boolean":
		switch strings.ToLower(text) {
		case "t", "true", "y", "yes", "1":
			return "t", false, nil
		case "f", "false", "n", "no", "0":
			return "f", false, nil
		}
		return "", false, invalid(column, text)
	case "date":
		least := len("YYYY-MM-DD")
		if c.dateFormat == "auto" {
			return c.recognized(
				column, text,
				&badRecord{code: 1205, reason: "Invalid Date Format - length must be 10 or more"},
			)
		}
		if c.dateFormat != "" {
			least = len(c.dateFormat)
		}
		t, ok := parseMoment(text, c.dateFormat, dateLayouts)
		ok = ok && len(text) >= least
		if !ok && c.flags["ACCEPTANYDATE"] {
			return "", true, nil
		}
		if !ok {
			return "", false, &badRecord{
				code:   1205,
				reason: fmt.Sprintf("Invalid Date Format - length must be %d or more", least),
			}
		}
		return t.Format("2006-01-02"), false, nil
	default:
		return c.moment(column, text)
	}
}

// invalid is a value that its type does not know.
func invalid(column *copyColumn, value string) *badRecord {
	code := map[string]int{
		"numeric": 1209, "real": 1208, "double precision": 1208, "boolean": 1210, "date": 1205,
		"timestamp without time zone": 1206, "timestamp with time zone": 1206,
	}[column.kind]
	if code == 0 {
		code = 1207
	}
	return &badRecord{
		code:   code,
		reason: fmt.Sprintf("Invalid value, Value %s, Type: %s", strconv.QuoteToASCII(value), column.kind),
	}
}

func overflow(column *copyColumn, value string) *badRecord {
	return &badRecord{
		code:   1204,
		reason: fmt.Sprintf("Overflow for %s: the value %s is out of range", column.kind, value),
	}
}

// noCharacter are code points that are no characters (dg/multi-byte-character-load-errors), of the
// first two planes.
var noCharacter = regexp.MustCompile(`[\x{FDD0}-\x{FDEF}\x{FFFE}\x{FFFF}\x{1FFFE}\x{1FFFF}]`)

func (c *copyRun) textValue(column *copyColumn, f field) (string, bool, *badRecord) {
	text := f.text
	switch {
	case text == "" && (c.flags["EMPTYASNULL"] || c.null == ""):
		return "", true, nil
	case text != "" && strings.TrimSpace(text) == "" && c.flags["BLANKSASNULL"]:
		return "", true, nil
	case strings.Contains(text, "\x00"):
		return "", false, &badRecord{
			code: 1218, position: strings.IndexByte(text, 0),
			reason: "Missing newline: Unexpected character 0x0 found",
		}
	}
	if c.flags["TRIMBLANKS"] {
		text = strings.TrimRight(text, " ")
	}
	if column.kind == "character" {
		for i := range len(text) {
			if text[i] >= 0x80 {
				return "", false, &badRecord{
					code: 1220, position: i,
					reason: "Multibyte character not supported for CHAR (Hint: try using VARCHAR)",
				}
			}
		}
	}
	if c.invalidChar != 0 && column.kind != "character" {
		text = noCharacter.ReplaceAllStringFunc(text, func(found string) string {
			return strings.Repeat(string(rune(c.invalidChar)), len(found))
		})
	}
	if !utf8.ValidString(text) {
		if c.invalidChar == 0 || column.kind == "character" {
			return "", false, &badRecord{code: 1220, reason: "String contains invalid or unsupported UTF8 codepoints"}
		}
		var b strings.Builder
		for i := 0; i < len(text); {
			r, size := utf8.DecodeRuneInString(text[i:])
			if r == utf8.RuneError && size == 1 { // as many characters as there were bytes
				b.WriteByte(c.invalidChar)
			} else {
				b.WriteString(text[i : i+size])
			}
			i += size
		}
		text = b.String()
	}
	if column.length == 0 || len(text) <= column.length {
		return text, false, nil
	}
	cut := column.length
	if strings.TrimRight(text[cut:], " ") == "" { // blanks at the end do not count
		return text[:cut], false, nil
	}
	if !c.flags["TRUNCATECOLUMNS"] {
		return "", false, &badRecord{code: 1204, reason: "String length exceeds DDL length"}
	}
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut], false, nil
}

var numberForm = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE]([+-]?[0-9]{1,6}))?$`)

// exact parses a decimal number. Numbers far beyond every type come out as a power of ten that is
// beyond it too.
func exact(text string) (*big.Rat, bool) {
	m := numberForm.FindStringSubmatch(text)
	if m == nil {
		return nil, false
	}
	if exponent, err := strconv.Atoi(m[3]); err == nil && (exponent > 1000 || exponent < -1000) {
		if exponent < 0 {
			return new(big.Rat), true
		}
		text = "1e1000"
	}
	return new(big.Rat).SetString(text)
}

// wholeNumber cuts what stands behind the point.
func wholeNumber(column *copyColumn, text string) (string, bool, *badRecord) {
	number, ok := exact(text)
	if !ok {
		return "", false, invalid(column, text)
	}
	whole := new(big.Int).Quo(number.Num(), number.Denom())
	bits := map[string]uint{"smallint": 15, "integer": 31, "bigint": 63}[column.kind]
	limit := new(big.Int).Lsh(big.NewInt(1), bits)
	if whole.Cmp(limit) >= 0 || whole.Cmp(new(big.Int).Neg(limit)) < 0 {
		return "", false, overflow(column, text)
	}
	return whole.String(), false, nil
}

// decimalNumber cuts or, with ROUNDEC, rounds to the column's scale.
func decimalNumber(column *copyColumn, text string, round bool) (string, bool, *badRecord) {
	number, ok := exact(text)
	if !ok {
		return "", false, invalid(column, text)
	}
	ten := big.NewInt(10)
	shift := new(big.Int).Exp(ten, big.NewInt(int64(column.scale)), nil)
	number.Mul(number, new(big.Rat).SetInt(shift))
	if round {
		half := big.NewRat(1, 2)
		if number.Sign() < 0 {
			half.Neg(half)
		}
		number.Add(number, half)
	}
	whole := new(big.Int).Quo(number.Num(), number.Denom())
	if new(big.Int).Abs(whole).Cmp(new(big.Int).Exp(ten, big.NewInt(int64(column.precision)), nil)) >= 0 {
		return "", false, overflow(column, text)
	}
	return new(big.Rat).SetFrac(whole, shift).FloatString(column.scale), false, nil
}

func floatNumber(column *copyColumn, text string) (string, bool, *badRecord) {
	if !numberForm.MatchString(text) {
		return "", false, invalid(column, text)
	}
	bits := 64
	if column.kind == "real" {
		bits = 32
	}
	number, err := strconv.ParseFloat(text, bits)
	if err != nil || math.IsInf(number, 0) {
		return "", false, overflow(column, text)
	}
	return strconv.FormatFloat(number, 'g', -1, bits), false, nil
}

// The layouts are those of Go's time package. They hold without a format.
var (
	plainLayouts = []string{
		"2006-01-02 15:04:05", "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05Z07:00",
		"2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04", "2006-01-02",
	}
	dateLayouts = []string{"2006-01-02", "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00"}
)

// parseMoment parses a date or time by COPY's format, or by the layouts that hold without one.
func parseMoment(text, format string, layouts []string) (time.Time, bool) {
	if format != "" {
		layout, ok := goLayout(format)
		if !ok {
			return time.Time{}, false
		}
		layouts = []string{layout}
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// Names of moments and numbers that may be epochs, which CAST takes and COPY does not.
var (
	momentName = regexp.MustCompile(`(?i)\b(now|today|tomorrow|yesterday|epoch|infinity|allballs)\b`)
	epochForm  = regexp.MustCompile(`^[0-9]{9,}|^[0-9]{7}$`)
	farYear    = regexp.MustCompile(`^[0-9]{5,}-`)
)

// recognized is a value under 'auto': PostgreSQL's CAST decides, as the guide says.
func (c *copyRun) recognized(column *copyColumn, text string, bad *badRecord) (string, bool, *badRecord) {
	if !momentName.MatchString(text) && !epochForm.MatchString(text) {
		rows, err := c.session.rows(
			"SELECT redshift_standin.recognized(" + literal(text) + ", " + literal(column.kind) + ")",
		)
		if err != nil {
			return "", false, &badRecord{code: bad.code, reason: err.Error()}
		}
		if found := rows[0][0]; found != nil && !farYear.MatchString(*found) {
			return *found, false, nil
		}
	}
	if c.flags["ACCEPTANYDATE"] {
		return "", true, nil
	}
	return "", false, bad
}

// moment is a value of TIMESTAMP or TIMESTAMPTZ.
func (c *copyRun) moment(column *copyColumn, text string) (string, bool, *badRecord) {
	var t time.Time
	ok := false
	switch c.timeFormat {
	case "auto":
		return c.recognized(
			column, text,
			&badRecord{code: 1206, reason: "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]"},
		)
	case "epochsecs", "epochmillisecs":
		if number, valid := exact(text); valid {
			scale := int64(1_000_000)
			if c.timeFormat == "epochmillisecs" {
				scale = 1000
			}
			number.Mul(number, new(big.Rat).SetInt64(scale))
			micros := new(big.Int).Quo(number.Num(), number.Denom())
			const limit = int64(253402300800) * 1_000_000 // the year 10000
			if micros.CmpAbs(big.NewInt(limit)) >= 0 {
				return "", false, &badRecord{code: 1206, reason: "Invalid timestamp format or value: out of range"}
			}
			t, ok = time.UnixMicro(micros.Int64()).UTC(), true
		}
	default:
		t, ok = parseMoment(text, c.timeFormat, plainLayouts)
	}
	if !ok && c.flags["ACCEPTANYDATE"] {
		return "", true, nil
	}
	if !ok {
		return "", false, &badRecord{code: 1206, reason: "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]"}
	}
	if column.kind == "timestamp with time zone" {
		return t.UTC().Format("2006-01-02 15:04:05.999999") + "+00", false, nil
	}
	return t.Format("2006-01-02 15:04:05.999999"), false, nil
}

// formatParts are those of dg/r_DATEFORMAT_and_TIMEFORMAT_strings, longer ones first.
var formatParts = [][2]string{
	{"YYYY", "2006"}, {"YY", "06"}, {
		"MONTH", "January",
	}, {"MON", "Jan"}, {"MM", "01"}, {"DD", "02"}, {"HH24", "15"}, {"HH12", "03"}, {"HH", "15"},
	{"MI", "04"}, {"SS", "05"}, {"AM", "PM"}, {"PM", "PM"},
}

// goLayout turns a format string into a layout of Go's time package.
func goLayout(format string) (string, bool) {
	var b strings.Builder
	parts := 0
	for rest := format; rest != ""; {
		found := false
		for _, part := range formatParts {
			if len(rest) >= len(part[0]) && strings.EqualFold(rest[:len(part[0])], part[0]) {
				b.WriteString(part[1])
				rest, found = rest[len(part[0]):], true
				parts++
				break
			}
		}
		if !found {
			b.WriteByte(rest[0])
			rest = rest[1:]
		}
	}
	return b.String(), parts > 0
}

// knownFormat says whether COPY takes the text as a TIMEFORMAT or DATEFORMAT. The keywords are
// case-sensitive.
func knownFormat(text string, timestamp bool) bool {
	switch {
	case text == "auto", timestamp && (text == "epochsecs" || text == "epochmillisecs"):
		return true
	case strings.EqualFold(text, "auto"), strings.EqualFold(text, "epochsecs"), strings.EqualFold(
		text, "epochmillisecs",
	):
		return false
	}
	// "You can't include a time zone specifier (TZ, tz, or OF) in the timeformat_string."
	if regexp.MustCompile(`(?i)tz|of`).MatchString(text) {
		return false
	}
	_, ok := goLayout(text)
	return ok
}
