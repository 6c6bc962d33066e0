package clientcopy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"unicode/utf8"

	"github.com/sparkify/dwh/internal/jsonpaths"
)

// columnType is the family of types whose binary form one branch of encoder.field writes.
type columnType uint8

const (
	typeText columnType = iota // VARCHAR, TEXT
	typeChar
	typeSmallint
	typeInteger
	typeBigint
	typeReal
	typeDouble
	typeBoolean
	typeDate
	typeTimestamp
	typeTimestamptz
	typeNumeric
)

// columnTypes maps PostgreSQL's names of types; a column of any other type cannot be loaded.
var columnTypes = map[string]columnType{
	"character varying": typeText, "text": typeText, "character": typeChar,
	"smallint": typeSmallint, "integer": typeInteger, "bigint": typeBigint,
	"real": typeReal, "double precision": typeDouble, "numeric": typeNumeric, "boolean": typeBoolean,
	"date": typeDate, "timestamp without time zone": typeTimestamp, "timestamp with time zone": typeTimestamptz,
}

// target is a column of the COPY, compiled: where its value is in the record and how it goes out.
type target struct {
	Column
	typ columnType
	// slot is the index of the value among the record's slots.
	slot int
	// path leads on inside that value; empty when the value itself is meant.
	path jsonpaths.Path
	// otherwise is sent for NULL in a NOT NULL column that has a constant default.
	otherwise []byte
	// orDefault says that NULL in this NOT NULL column becomes the word DEFAULT, which an INSERT
	// can say.
	orDefault bool
}

// conversion is what the statement says about values, whatever the format.
type conversion struct {
	date, time         layout
	acceptAnyDate      bool
	truncate           bool
	blanksAsNull       bool
	emptyAsNull        bool
	trimBlanks         bool
	roundEC            bool
	replaceInvalid     bool
	invalidReplacement byte
	nullAs             []byte // nil: no string means NULL
	quote              byte   // of CSV
}

// plan is a COPY statement compiled for its table; it is read by all workers and, but for padded,
// changed by none.
type plan struct {
	targets []target
	padded  []atomic.Bool // for each target: a text that went out ends in a blank
	conversion
	appended []byte    // a last field of every tuple, the same in all; nil: none
	sql      string    // the COPY FROM STDIN that takes the tuples
	json     *jsonPlan // nil for CSV and delimited text
	text     *textPlan // nil for JSON
	// ignoreHeader is the number of lines to pass over at the start of each object.
	ignoreHeader int
}

// fieldError says why a value does not fit its column.
type fieldError struct {
	column string
	reason string
	value  string
	fatal  bool // COPY fails, whatever MAXERROR
}

func (e *fieldError) Error() string { return e.reason }

// valueShown bounds the part of a value that a reason quotes, valueKept the part that
// RecordError.Value keeps; bytes.
const (
	valueShown = 100
	valueKept  = 1024
)

// encoder turns the slots of a record into a binary COPY tuple. Each worker has its own.
type encoder struct {
	*plan
	scratch []byte
}

// record appends the tuple of a record whose values lie in b. On an error dst is returned as it
// was.
func (e *encoder) record(dst, b []byte, slots []slot) ([]byte, *fieldError) {
	start := len(dst)
	fields := len(e.targets)
	if e.appended != nil {
		fields++
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(fields))
	for i := range e.targets {
		t := &e.targets[i]
		s := slots[t.slot]
		// The usual case first: an ASCII string that fits, into a text column with no wishes.
		if n := int(s.end - s.start); s.kind == text && s.flags == 0 && t.typ == typeText && n > 0 &&
			(n <= t.Length || t.Length == 0) && !e.blanksAsNull && !e.trimBlanks && e.nullAs == nil {
			dst = binary.BigEndian.AppendUint32(dst, uint32(n))
			dst = append(dst, b[s.start:s.end]...)
			if b[s.end-1] == ' ' {
				e.padded[i].Store(true)
			}
			continue
		}
		var err *fieldError
		if s.kind == nowhere {
			return dst[:start], notAnArray(t)
		}
		if len(t.path) > 0 {
			if s, err = descend(b, s, t); err != nil {
				return dst[:start], err
			}
		}
		at := len(dst) + 4 // behind the field's length
		if dst, err = e.field(dst, b, s, t); err != nil {
			return dst[:start], err
		}
		if t.typ == typeText && len(dst) > at && dst[len(dst)-1] == ' ' {
			e.padded[i].Store(true)
		}
	}
	return append(dst, e.appended...), nil
}

// trimmed are the text columns of the statement in which no text that went out ends in a blank.
func (p *plan) trimmed() []string {
	var out []string
	for i := range p.targets {
		if p.targets[i].typ == typeText && !p.padded[i].Load() {
			out = append(out, p.targets[i].Name)
		}
	}
	return out
}

// descend follows the rest of a JSONPath. What is not there is NULL, an index that leads nowhere
// fails the COPY (copy-parameters-data-format). A null on the way is NULL (our choice).
func descend(b []byte, s slot, t *target) (slot, *fieldError) {
	for _, step := range t.path {
		if s.kind == missing || s.kind == null {
			return slot{}, nil
		}
		if step.IsIndex {
			if s.kind != container || b[s.start] != '[' {
				return s, notAnArray(t)
			}
			found := slot{}
			count := 0
			eachElement(b, s, func(element slot) bool {
				if count == step.Index {
					found = element
				}
				count++
				return count <= step.Index
			})
			if count <= step.Index {
				return s, notAnArray(t)
			}
			s = found
			continue
		}
		if s.kind != container || b[s.start] != '{' {
			return slot{}, nil
		}
		found := slot{}
		eachMember(b, s, func(key, value slot) {
			name := b[key.start:key.end]
			if key.flags&escaped != 0 {
				name = appendUnescaped(nil, name)
			}
			if string(name) == step.Name {
				found = value // the last of equal keys counts
			}
		})
		s = found
	}
	return s, nil
}

func notAnArray(t *target) *fieldError {
	return &fieldError{
		column: t.Name, reason: "Invalid JSONPath format: Not an array or index out of range.",
		fatal: true,
	}
}

// eachElement calls f for the elements of an array that was scanned before, until f returns false.
func eachElement(b []byte, array slot, f func(slot) bool) {
	for i := int(array.start) + 1; ; i++ {
		i = skipSpace(b, i)
		if b[i] == ']' {
			return
		}
		var s slot
		i, _ = scanValue(b, i, &s)
		if !f(s) {
			return
		}
		if i = skipSpace(b, i); b[i] == ']' {
			return
		}
	}
}

// eachMember calls f for the members of an object that was scanned before.
func eachMember(b []byte, object slot, f func(key, value slot)) {
	for i := int(object.start) + 1; ; i++ {
		i = skipSpace(b, i)
		if b[i] == '}' {
			return
		}
		var key, value slot
		i, _ = scanValue(b, i, &key)
		i = skipSpace(b, i)
		i = skipSpace(b, i+1) // past the colon
		i, _ = scanValue(b, i, &value)
		f(key, value)
		if i = skipSpace(b, i); b[i] == '}' {
			return
		}
	}
}

var nullField = []byte{0xff, 0xff, 0xff, 0xff}

// defaultField stands for DEFAULT in tuples that become an INSERT: a length that no field has.
var defaultField = []byte{0xff, 0xff, 0xff, 0xfe}

// null appends NULL, or what a NOT NULL column takes in its place.
func (e *encoder) null(dst []byte, t *target) ([]byte, *fieldError) {
	switch {
	case !t.NotNull:
		return append(dst, nullField...), nil
	case t.orDefault:
		return append(dst, defaultField...), nil
	case t.otherwise != nil:
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(t.otherwise)))
		return append(dst, t.otherwise...), nil
	case t.HasDefault:
		return dst, &fieldError{column: t.Name, reason: "NULL in a NOT NULL column whose default is not a constant"}
	}
	return dst, &fieldError{column: t.Name, reason: "NULL in a NOT NULL column"}
}

// field appends one value: its length, then its binary form.
func (e *encoder) field(dst, b []byte, s slot, t *target) ([]byte, *fieldError) {
	if s.kind == missing || s.kind == null {
		return e.null(dst, t)
	}
	if e.nullAs != nil && s.flags&quoted == 0 &&
		(bytes.Equal(b[s.start:s.end], e.nullAs) || s.flags&backslash != 0 && e.escapedNull(b[s.start:s.end])) {
		return e.null(dst, t)
	}
	if t.typ <= typeChar {
		return e.textField(dst, b, s, t)
	}
	v := b[s.start:s.end]
	if s.flags&(escaped|doubled|backslash) != 0 || s.kind == container {
		e.scratch = appendSlot(e.scratch[:0], b, s, e.quote)
		v = e.scratch
	}
	// Empty and blank are NULL for every type but text (copy-parameters-data-format,
	// -data-conversion). Blanks around a value do not count (our choice).
	if s.kind == text {
		if v = trimSpace(v); len(v) == 0 {
			return e.null(dst, t)
		}
	}
	var err error
	at := len(dst)
	switch t.typ {
	case typeBigint, typeInteger, typeSmallint:
		if s.kind == boolean {
			err = errSyntax
			break
		}
		var n int64
		if n, err = parseInteger(v, e.text == nil); err != nil {
			break
		}
		switch t.typ {
		case typeBigint:
			dst = binary.BigEndian.AppendUint32(dst, 8)
			return binary.BigEndian.AppendUint64(dst, uint64(n)), nil
		case typeInteger:
			if n == int64(int32(n)) {
				dst = binary.BigEndian.AppendUint32(dst, 4)
				return binary.BigEndian.AppendUint32(dst, uint32(n)), nil
			}
		default:
			if n == int64(int16(n)) {
				dst = binary.BigEndian.AppendUint32(dst, 2)
				return binary.BigEndian.AppendUint16(dst, uint16(n)), nil
			}
		}
		err = errRange
	case typeDouble:
		var f float64
		if f, err = parseDouble(v); err == nil {
			dst = binary.BigEndian.AppendUint32(dst, 8)
			return binary.BigEndian.AppendUint64(dst, math.Float64bits(f)), nil
		}
	case typeReal:
		var f float32
		if f, err = parseReal(v); err == nil {
			dst = binary.BigEndian.AppendUint32(dst, 4)
			return binary.BigEndian.AppendUint32(dst, math.Float32bits(f)), nil
		}
	case typeBoolean:
		var truth byte
		if truth, err = parseBoolean(v); err == nil {
			return append(dst, 0, 0, 0, 1, truth), nil
		}
	case typeNumeric:
		dst = append(dst, 0, 0, 0, 0)
		if dst, err = appendNumeric(dst, v, t.Precision, t.Scale, e.roundEC); err == nil {
			binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
			return dst, nil
		}
	case typeDate:
		var m moment
		if utf8.RuneCount(v) < e.date.least {
			err = shortError(e.date.least)
		} else if err = e.date.parse(v, &m, t.typ); err == nil {
			dst = binary.BigEndian.AppendUint32(dst, 4)
			return binary.BigEndian.AppendUint32(dst, uint32(m.days())), nil
		}
	case typeTimestamp, typeTimestamptz:
		var micros int64
		if e.time.mode == epoch {
			micros, err = parseEpoch(v, e.time.unit)
		} else {
			var m moment
			if err = e.time.parse(v, &m, t.typ); err == nil {
				if micros = m.micros(t.typ == typeTimestamptz); micros < minTimestamp {
					err = errRange
				}
			}
		}
		if err == nil {
			dst = binary.BigEndian.AppendUint32(dst, 8)
			return binary.BigEndian.AppendUint64(dst, uint64(micros)), nil
		}
	}
	if e.acceptAnyDate && (t.typ == typeDate || t.typ == typeTimestamp || t.typ == typeTimestamptz) {
		return e.null(dst[:at], t)
	}
	return dst[:at], badValue(t, v, s.kind, err)
}

// escapedNull tells whether a field under ESCAPE is \\N, which is the default NULL string too
// (copy-parameters-data-conversion).
func (e *encoder) escapedNull(field []byte) bool {
	return string(field) == `\\N` && string(e.nullAs) == `\N`
}

// badValue words why a value is refused: `"soon" is not a bigint`.
func badValue(t *target, v []byte, k kind, err error) *fieldError {
	shown := string(v[:min(len(v), valueShown)])
	if k == text {
		shown = fmt.Sprintf("%q", shown)
	}
	if len(v) > valueShown {
		shown += "…"
	}
	reason := shown + " is not " + article(t.Type)
	switch {
	case errors.Is(err, errRange):
		reason = shown + " is out of range for " + t.declared()
	case !errors.Is(err, errSyntax):
		reason += ": " + err.Error()
	}
	return &fieldError{column: t.Name, reason: reason, value: string(v[:min(len(v), valueKept)])}
}

// article puts the right one before the name of a type.
func article(noun string) string {
	if bytes.IndexByte([]byte("aeiou"), noun[0]) >= 0 {
		return "an " + noun
	}
	return "a " + noun
}

// parseBoolean reads Redshift's literals of BOOLEAN (r_Boolean_type), in any case.
func parseBoolean(b []byte) (byte, error) {
	switch len(b) {
	case 1:
		switch b[0] {
		case 't', 'T', 'y', 'Y', '1':
			return 1, nil
		case 'f', 'F', 'n', 'N', '0':
			return 0, nil
		}
	default:
		switch {
		case equalFold(b, "true") || equalFold(b, "yes"):
			return 1, nil
		case equalFold(b, "false") || equalFold(b, "no"):
			return 0, nil
		}
	}
	return 0, errSyntax
}

// isWhite tells the white space of BLANKSASNULL and TRIMBLANKS, that of isspace.
func isWhite(c byte) bool { return c == ' ' || c-'\t' < 5 }

func trimSpace(b []byte) []byte {
	for len(b) > 0 && isWhite(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isWhite(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// textField appends a value of a text type: its text straight into dst, then the rules on it there.
func (e *encoder) textField(dst, b []byte, s slot, t *target) ([]byte, *fieldError) {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = appendSlot(dst, b, s, e.quote)
	v := dst[at+4:]
	refuse := func(format string, args ...any) ([]byte, *fieldError) {
		return dst[:at], &fieldError{
			column: t.Name, reason: fmt.Sprintf(format, args...),
			value: string(v[:min(len(v), valueKept)]),
		}
	}
	if s.kind != number && s.kind != boolean {
		// PostgreSQL cannot store U+0000, so the row is refused on both engines.
		if bytes.IndexByte(v, 0) >= 0 {
			return refuse("U+0000 cannot be stored in %s", article(t.Type))
		}
		if s.flags != 0 || s.kind == container {
			if t.typ == typeChar {
				// Not even ACCEPTINVCHARS helps CHAR (multi-byte-character-load-errors, 1220).
				if i := firstNonASCII(v); i >= 0 {
					return refuse(
						"byte 0x%02x at position %d is not ASCII, which is all that %s holds", v[i],
						i+1, t.declared(),
					)
				}
			} else if e.replaceInvalid {
				replaceInvalid(v, e.invalidReplacement)
			} else if i := firstInvalid(v); i >= 0 {
				return refuse("byte 0x%02x at position %d is not valid UTF-8", v[i], i+1)
			}
		}
	}
	if s.kind == text {
		if len(v) == 0 && e.emptyAsNull {
			return e.null(dst[:at], t)
		}
		if (e.blanksAsNull || e.trimBlanks) && len(v) > 0 {
			end := len(v)
			for end > 0 && isWhite(v[end-1]) {
				end--
			}
			if end == 0 && e.blanksAsNull {
				return e.null(dst[:at], t)
			}
			if e.trimBlanks {
				v = v[:end]
				if end == 0 && e.emptyAsNull {
					return e.null(dst[:at], t)
				}
			}
		}
	}
	if t.Length > 0 && len(v) > t.Length {
		if e.truncate {
			end := t.Length
			for end > 0 && !utf8.RuneStart(v[end]) {
				end--
			}
			v = v[:end]
		} else {
			// Blanks alone beyond the length are cut without an error (r_Character_types).
			for i := t.Length; i < len(v); i++ {
				if v[i] != ' ' {
					return refuse("%d bytes are too long for %s", len(v), t.declared())
				}
			}
			v = v[:t.Length]
		}
	}
	dst = dst[:at+4+len(v)]
	binary.BigEndian.PutUint32(dst[at:], uint32(len(v)))
	return dst, nil
}

func firstNonASCII(b []byte) int {
	for i, c := range b {
		if c >= 0x80 {
			return i
		}
	}
	return -1
}

// replaceInvalid does what ACCEPTINVCHARS asks for: what is not UTF-8, and the code points that are
// no characters (multi-byte-character-load-errors), give way to as many replacements as they have
// bytes, so the length stays.
func replaceInvalid(b []byte, replacement byte) {
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 || r&0xfffe == 0xfffe || 0xfdd0 <= r && r <= 0xfdef {
			for k := range size {
				b[i+k] = replacement
			}
		}
		i += size
	}
}

// firstInvalid returns the index of the first byte that does not belong to valid UTF-8, or -1.
func firstInvalid(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}
