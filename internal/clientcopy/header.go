package clientcopy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"

	"github.com/sparkify/dwh/internal/copystmt"
)

// FirstLine is what the first line of an object is taken for, where IGNOREHEADER seems not to fit
// it. It is looked at in CSV and delimited text.
type FirstLine int

// What first lines are.
const (
	FirstLineFits FirstLine = iota
	// NamesColumns is a line with the names of the columns that was read as a record.
	NamesColumns
	// PassedOver is a line that reads like a record, and that IGNOREHEADER 1 passed over.
	PassedOver
	// OtherOrder is a line with the names of the columns that IGNOREHEADER 1 passed over, and that
	// has them in another order than the COPY.
	OtherOrder
)

// fields returns the text of each field of the record at b[0]; nil where its quotes are wrong.
func (p *textPlan) fields(b []byte, whole bool) []string {
	var out []string
	for i := 0; ; {
		s, next, v, _ := p.scanField(b, i, whole)
		if v != ok {
			return nil
		}
		out = append(out, string(appendSlot(nil, b, s, p.quote)))
		if next >= len(b) || b[next] == '\n' {
			return out
		}
		i = next + 1
	}
}

// A nameSet holds the names of columns, for named.
type nameSet map[string]bool

func newNameSet(columns []string) nameSet {
	set := nameSet{}
	for _, name := range columns {
		set[plainName(name)] = true
	}
	return set
}

// named tells whether fields are the names of columns: more than half of them, and two at least, or
// the only one. Case and everything but letters and digits do not count: Order ID names order_id.
func (s nameSet) named(fields []string) bool {
	found := 0
	for _, field := range fields {
		if name := plainName(field); name != "" && s[name] {
			found++
		}
	}
	return found == 1 && len(fields) == 1 || found >= 2 && 2*found > len(fields)
}

func plainName(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

// longestNames is up to what size a first record is looked at, bytes.
const longestNames = 64 << 10

// LooksLikeNames tells whether the text of a record is a line with the names of the statement's
// columns. A statement without a list of columns, or of another format than text, has none.
func LooksLikeNames(stmt *copystmt.Statement, text string) bool {
	if stmt.Format != copystmt.CSV && stmt.Format != copystmt.Delimited || len(stmt.Delimiter) != 1 {
		return false
	}
	fields := newTextPlan(stmt).fields([]byte(strings.TrimPrefix(text, "\ufeff")), true)
	return newNameSet(stmt.Columns).named(fields)
}

// lookAt looks at the record that an object begins with.
func (d *textDecoder) lookAt(record []byte, out *output) {
	if d.names == nil {
		var columns []string
		for i := range d.targets {
			columns = append(columns, d.targets[i].Name)
		}
		d.names = newNameSet(columns)
	}
	if len(record) <= longestNames && d.names.named(d.text.fields(record, true)) {
		out.first = NamesColumns
	}
}

// otherOrder tells whether fields are the names of all columns, in another order than theirs.
func (d *textDecoder) otherOrder(fields []string) bool {
	if len(fields) != len(d.targets) {
		return false
	}
	places, same := map[string]int{}, true
	for i, field := range fields {
		name := plainName(field)
		if _, twice := places[name]; twice || name == "" {
			return false
		}
		places[name] = i
	}
	for i := range d.targets {
		place, ok := places[plainName(d.targets[i].Name)]
		if !ok {
			return false
		}
		same = same && place == i
	}
	return !same
}

// otherDelimiter is a usual delimiter that parts a record into so many fields, for the reason why
// it was refused; "" for none. Quotes do not count.
func otherDelimiter(record []byte, own byte, fields int) string {
	for _, usual := range []struct {
		delimiter byte
		written   string
	}{{';', ";"}, {'\t', `\t`}, {'|', "|"}, {',', ","}} {
		if usual.delimiter != own && bytes.Count(record, []byte{usual.delimiter}) == fields-1 {
			return fmt.Sprintf("; with DELIMITER '%s' it has %d fields", usual.written, fields)
		}
	}
	return ""
}

// passOver looks at the one line that IGNOREHEADER passes over. It reads like a record if every
// value fits its column, and a number or a date is among them: a text fits everywhere.
func (d *textDecoder) passOver(line []byte, out *output) {
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) <= longestNames && d.otherOrder(d.text.fields(line, true)) {
		out.first = OtherOrder
		return
	}
	l, v := d.scanLine(line, true)
	if v != ok || l.fields != len(d.targets) || l.end != len(line) {
		return
	}
	tuple, bad := d.record(nil, line, d.slots)
	if bad != nil {
		return
	}
	tuple = tuple[2:] // the number of fields
	for i := range d.targets {
		length := int32(binary.BigEndian.Uint32(tuple))
		tuple = tuple[4:]
		if length < 0 {
			continue // NULL, or DEFAULT
		}
		if typ := d.targets[i].typ; typ > typeChar && typ != typeBoolean {
			out.first = PassedOver
			return
		}
		tuple = tuple[length:]
	}
}
