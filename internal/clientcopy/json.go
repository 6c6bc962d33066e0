package clientcopy

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/sparkify/dwh/internal/jsonpaths"
)

// jsonPlan says which first-level keys, or elements of a root array, the targets' slots take.
type jsonPlan struct {
	keys []string // the slots from 0 on, one for each distinct key
	fold bool     // 'auto ignorecase'
	// elements are the slots after keys: index in a root array.
	elements []int
}

// slots is the number of values that a record is reduced to.
func (p *jsonPlan) slots() int { return len(p.keys) + len(p.elements) }

// opens tells whether c begins a record: an object, or with paths such as $[0] an array.
func (p *jsonPlan) opens(c byte) bool { return c == '{' || c == '[' && len(p.elements) > 0 }

// key returns the slot of a key, or -1.
func (p *jsonPlan) key(name string) int {
	for i, key := range p.keys {
		if key == name || p.fold && strings.EqualFold(key, name) {
			return i
		}
	}
	return -1
}

// compileAuto maps each column to the key of its name (copy-parameters-data-format). Column names
// are lower case as COPY sees them, so without fold a key such as userId matches nothing.
func compileAuto(columns []Column, fold bool) (*jsonPlan, []target) {
	p := &jsonPlan{fold: fold}
	targets := make([]target, len(columns))
	for i, c := range columns {
		p.keys = append(p.keys, c.Name)
		targets[i] = target{Column: c, slot: i}
	}
	return p, targets
}

// compilePaths maps columns to paths by position. The first step picks a slot, shared by all paths
// that begin with it; the rest is followed within the value.
func compilePaths(columns []Column, paths []jsonpaths.Path) (*jsonPlan, []target) {
	p := &jsonPlan{}
	for _, path := range paths {
		if first := path[0]; !first.IsIndex && p.key(first.Name) < 0 {
			p.keys = append(p.keys, first.Name)
		}
	}
	targets := make([]target, len(columns))
	for i, path := range paths {
		t := target{Column: columns[i], path: path[1:]}
		if path[0].IsIndex {
			t.slot = p.element(path[0].Index)
		} else {
			t.slot = p.key(path[0].Name)
		}
		targets[i] = t
	}
	return p, targets
}

// element returns the slot of an index, which is added if it is new.
func (p *jsonPlan) element(index int) int {
	for i, known := range p.elements {
		if known == index {
			return len(p.keys) + i
		}
	}
	p.elements = append(p.elements, index)
	return p.slots() - 1
}

// knownKey is a key that records have shown.
type knownKey struct {
	pattern string // "key": as it stands in the source
	slot    int32  // -1: no column wants it
	next    int32  // the key that followed it last time: the guess for the next record
}

// A worker remembers at most maxKnown keys of at most maxKnownLen bytes, so that data cannot fill
// its memory.
const (
	maxKnown    = 1024
	maxKnownLen = 256
)

// jsonDecoder reads JSON records into tuples. Each worker has its own, which lives as long as the
// COPY.
type jsonDecoder struct {
	encoder
	slots []slot
	keys  []knownKey       // the first stands before the first key of a record
	index map[string]int32 // source text of a key, escapes and all -> keys
}

func newJSONDecoder(p *plan) *jsonDecoder {
	d := &jsonDecoder{encoder: encoder{plan: p}, slots: make([]slot, p.json.slots()), index: make(map[string]int32)}
	d.keys = append(d.keys, knownKey{slot: -1})
	for i, key := range p.json.keys {
		if strings.ContainsAny(key, "\"\\") {
			continue // it never stands like this in a source; learnt when it comes
		}
		d.learn(key, int32(i))
		d.keys[len(d.keys)-2].next = int32(len(d.keys) - 1)
	}
	return d
}

func (d *jsonDecoder) learn(source string, slot int32) int32 {
	d.keys = append(d.keys, knownKey{pattern: `"` + source + `":`, slot: slot})
	n := int32(len(d.keys) - 1)
	d.index[source] = n
	return n
}

// find resolves a key that was not the one guessed. It returns its slot and its place in keys, 0 if
// it is not kept.
func (d *jsonDecoder) find(source []byte, flags uint8) (slot, known int32) {
	if k, found := d.index[string(source)]; found {
		return d.keys[k].slot, k
	}
	name := string(source)
	if flags&escaped != 0 {
		name = string(appendUnescaped(nil, source))
	}
	slot = int32(d.json.key(name))
	if len(d.keys) < maxKnown && len(source) <= maxKnownLen {
		known = d.learn(string(source), slot)
	}
	return slot, known
}

// scanObject scans the object that begins at b[0] into the slots and returns the index after it.
// Keys mostly come in the order of the record before, so the key that followed the last one then is
// compared first: one comparison of bytes for key, quotes and colon. Of equal keys the last one
// counts, as in encoding/json (our choice: the guide does not say).
func (d *jsonDecoder) scanObject(b []byte) (int, verdict) {
	d.clear()
	var v verdict
	var unwanted slot
	last := int32(0)
	i := skipSpace(b, 1)
	if i >= len(b) {
		return i, more
	}
	if b[i] == '}' {
		return i + 1, ok
	}
	for {
		var want int32
		guess := &d.keys[d.keys[last].next]
		if n := i + len(guess.pattern); n <= len(b) && len(guess.pattern) > 0 && string(b[i:n]) == guess.pattern {
			last = d.keys[last].next
			want = guess.slot
			i = n
		} else {
			if b[i] != '"' {
				return i, malformed
			}
			start := i + 1
			var flags uint8
			if i, flags, v = scanString(b, start); v != ok {
				return i, v
			}
			name := b[start:i]
			if i = skipSpace(b, i+1); i >= len(b) {
				return i, more
			}
			if b[i] != ':' {
				return i, malformed
			}
			i++
			var known int32
			want, known = d.find(name, flags)
			d.keys[last].next = known
			last = known
		}
		if i = skipSpace(b, i); i >= len(b) {
			return i, more
		}
		s := &unwanted
		if want >= 0 {
			s = &d.slots[want]
		}
		if b[i] == '"' { // the usual value, without a call to scanValue
			start := i + 1
			var flags uint8
			if i, flags, v = scanString(b, start); v != ok {
				return i, v
			}
			*s = slot{start: int32(start), end: int32(i), kind: text, flags: flags}
			i++
		} else if i, v = scanValue(b, i, s); v != ok {
			return i, v
		}
		if i = skipSpace(b, i); i >= len(b) {
			return i, more
		}
		switch b[i] {
		case ',':
			if i = skipSpace(b, i+1); i >= len(b) {
				return i, more
			}
		case '}':
			return i + 1, ok
		default:
			return i, malformed
		}
	}
}

// scanArray scans the root array that begins at b[0] into the slots of elements.
func (d *jsonDecoder) scanArray(b []byte) (int, verdict) {
	d.clear()
	end, v := skipContainer(b, 0, 1)
	if v != ok {
		return end, v
	}
	n := 0
	eachElement(b, slot{end: int32(end)}, func(s slot) bool {
		for i, index := range d.json.elements {
			if index == n {
				d.slots[len(d.json.keys)+i] = s
			}
		}
		n++
		return true
	})
	return end, ok
}

// clear empties the slots: keys are missing, and an index that the record turns out not to have
// leads nowhere.
func (d *jsonDecoder) clear() {
	clear(d.slots)
	for i := len(d.json.keys); i < len(d.slots); i++ {
		d.slots[i].kind = nowhere
	}
}

// decode reads an object: records with any white space or none between them
// (copy-parameters-data-format).
//
// After a fault it goes on like this (our choice, the guide only counts errors): at the root, each
// [ , and ] is one bad record, and so is a run of other text up to the end of its line or to the
// next { on it. A broken record is one bad record with all that lies up to the first line behind
// its first that begins with {, or, from the byte at which it broke on, with blanks and {. So a
// record that was cut off behind a colon does not take the next one for its value; what a
// pretty-printed record nests is indented. A record that the end of the object cuts off is broken
// too.
func (d *jsonDecoder) decode(w *window, out *output) error {
	if err := w.begin(d.ignoreHeader, nil); err != nil {
		return err
	}
	for {
		w.pos = skipSpace(w.buf[:w.end], w.pos)
		if w.pos == w.end {
			if w.eof {
				return nil
			}
			if err := w.fill(); err != nil {
				return err
			}
			continue
		}
		b := w.buf[w.pos:w.end]
		if !d.json.opens(b[0]) {
			if err := d.junk(w, out); err != nil {
				return err
			}
			continue
		}
		var n int
		var v verdict
		if b[0] == '{' {
			n, v = d.scanObject(b)
		} else {
			n, v = d.scanArray(b)
		}
		switch {
		case v == ok && n <= maxRecord && out.each != nil:
			line := w.lineAt(w.pos + n - 1)
			w.pos += n
			if err := out.each(line, b[:n]); err != nil {
				return err
			}
		case v == ok && n <= maxRecord:
			var bad *fieldError
			if out.buf, bad = d.record(out.buf, b[:n], d.slots); bad == nil {
				w.pos += n
				if err := out.added(); err != nil {
					return err
				}
				continue
			}
			line := w.lineAt(w.pos + n - 1)
			w.pos += n
			if err := out.refuse(bad, line, b[:n]); err != nil {
				return err
			}
		case v != more && n > maxRecord, v == more && len(b) > maxRecord:
			return out.tooLarge(w.lineAt(w.pos), b, "")
		case v == malformed:
			if err := d.resync(w, out, n); err != nil {
				return err
			}
		case w.eof:
			s := span{w: w, max: out.rawMax, trim: " \t\r\n"}
			reason := "the object is cut off: the file ends inside it"
			end := d.nextLine(b)
			if end < len(b) {
				reason = cutOff
			}
			s.take(end)
			if err := s.reject(out, reason); err != nil {
				return err
			}
		default:
			if err := w.fill(); err != nil {
				return err
			}
		}
	}
}

// junk passes over text between records.
func (d *jsonDecoder) junk(w *window, out *output) error {
	s := span{w: w, max: out.rawMax, trim: " \t\r\n"}
	c := w.buf[w.pos]
	if c == '[' || c == ']' || c == ',' {
		s.take(1)
		return s.reject(
			out,
			fmt.Sprintf("%q between records: records follow one another without commas or an enclosing array", c),
		)
	}
	for {
		b := w.buf[w.pos:w.end]
		n := 0
		for n < len(b) && b[n] != '\n' && !d.json.opens(b[n]) {
			n++
		}
		s.take(n)
		if n < len(b) || w.eof {
			break
		}
		if err := w.fill(); err != nil {
			return err
		}
	}
	return s.reject(out, "text that is not JSON")
}

// cutOff is why a record is refused inside which the next one begins.
const cutOff = "the object is cut off: the next one begins inside it"

// nextLine returns the index of the first line behind the first that a record may begin; len(b)
// without one.
func (d *jsonDecoder) nextLine(b []byte) int {
	for i := 0; ; i++ {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			return len(b)
		}
		if i += n; i+1 < len(b) && d.json.opens(b[i+1]) {
			return i + 1
		}
	}
}

// resync passes over the record at w.pos, which is broken at its byte n.
func (d *jsonDecoder) resync(w *window, out *output, n int) error {
	s := span{w: w, max: out.rawMax, trim: " \t\r\n"}
	b := w.buf[w.pos:w.end]
	if next := d.nextLine(b[:n]); next < n {
		s.take(next)
		return s.reject(out, cutOff)
	}
	line := bytes.LastIndexByte(b[:n], '\n')
	reason := fmt.Sprintf("invalid JSON: unexpected %s", describe(b[n]))
	if line >= 0 && d.json.opens(b[n]) && skipSpace(b[:n], line) == n {
		s.take(n)
		return s.reject(out, reason)
	}
	s.take(n)
	for {
		b = w.buf[w.pos:w.end]
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			i = len(b) - 1
		}
		s.take(i + 1)
		if i >= 0 && b[i] == '\n' {
			for {
				s.take(skipSpace(w.buf[:w.end], w.pos) - w.pos)
				if w.pos < w.end || w.eof {
					break
				}
				if err := w.fill(); err != nil {
					return err
				}
			}
			if w.pos == w.end || d.json.opens(w.buf[w.pos]) {
				return s.reject(out, reason)
			}
			continue
		}
		if w.eof {
			return s.reject(out, reason)
		}
		if err := w.fill(); err != nil {
			return err
		}
	}
}

// describe names a byte for a message.
func describe(c byte) string {
	switch {
	case c == '\n':
		return "end of line"
	case c < 0x20 || c >= 0x7f:
		return fmt.Sprintf("byte 0x%02x", c)
	}
	return fmt.Sprintf("%q", string(c))
}
