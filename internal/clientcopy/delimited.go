package clientcopy

import (
	"bytes"
	"fmt"
)

// textPlan is FORMAT CSV, or delimited text, which is COPY's format when none is named.
type textPlan struct {
	csv              bool
	delimiter        byte
	quote            byte // CSV
	escape           bool // delimited: backslash takes the meaning off the next byte
	removeQuotes     bool // delimited: a field may stand in " or '
	ignoreBlankLines bool
	fillRecord       bool
}

// textDecoder reads lines of fields into tuples. Each worker has its own.
type textDecoder struct {
	encoder
	slots []slot
	names nameSet // nil until an object's first record is looked at
}

func newTextDecoder(p *plan) *textDecoder {
	return &textDecoder{encoder: encoder{plan: p}, slots: make([]slot, len(p.targets))}
}

// line is what scanLine found.
type line struct {
	end    int // index after the record, its end of line included
	fields int // also those beyond the slots
	reason string
	open   int // index after the quote of a field that does not end well; 0: there is none
}

// scanLine scans the record at b[0]; whole says that b is all there is. The fields go to the slots
// in order. On malformed, end is where it went wrong.
func (d *textDecoder) scanLine(b []byte, whole bool) (line, verdict) {
	clear(d.slots)
	p := d.text
	l := line{}
	for i := 0; ; {
		var s slot
		var v verdict
		s, i, v, l.reason = p.scanField(b, i, whole)
		if v != ok {
			l.end = i
			if s.flags&quoted != 0 {
				l.open = int(s.start)
			}
			return l, v
		}
		if l.fields < len(d.slots) {
			d.slots[l.fields] = s
		}
		l.fields++
		if i >= len(b) {
			l.end = i
			return l, ok
		}
		if b[i] == '\n' {
			l.end = i + 1
			return l, ok
		}
		i++ // the delimiter
	}
}

// scanField scans the field at b[i] and returns the index of the delimiter or end of line after it,
// or len(b).
func (p *textPlan) scanField(b []byte, i int, whole bool) (slot, int, verdict, string) {
	quote, first := byte(0), i
	if p.csv {
		// White space between a delimiter and a quote does not count (copy-parameters-data-format);
		// a delimiter is no white space.
		for first < len(b) && (b[first] == ' ' || b[first] == '\t') && b[first] != p.delimiter {
			first++
		}
		if first < len(b) && b[first] == p.quote {
			quote = p.quote
		}
	} else if p.removeQuotes && i < len(b) && (b[i] == '"' || b[i] == '\'') {
		quote = b[i]
	}
	if first >= len(b) && !whole {
		return slot{}, first, more, ""
	}
	if quote != 0 {
		return p.scanQuoted(b, first, quote, whole)
	}
	s := slot{start: int32(i), kind: text}
	for ; i < len(b); i++ {
		c := b[i]
		if c == p.delimiter || c == '\n' {
			break
		}
		switch {
		case c == '\\' && p.escape:
			s.flags |= backslash
			i++ // whatever follows is text, be it a delimiter or a newline
			if i < len(b) && b[i]-1 >= 0x7f {
				s.flags |= nonASCII
			}
		case c-1 >= 0x7f: // not ASCII, or NUL
			s.flags |= nonASCII
		case c == p.quote && p.csv:
			return s, i, malformed, "a quote inside a field that is not quoted"
		}
	}
	if i >= len(b) {
		i = len(b)
		if !whole {
			return s, i, more, ""
		}
	}
	end := i
	if end > int(s.start) && b[end-1] == '\r' && (i == len(b) || b[i] == '\n') &&
		(s.flags&backslash == 0 || !taken(b[s.start:end])) {
		end--
	}
	s.end = int32(end)
	return s, i, ok, ""
}

// taken tells whether a backslash takes the meaning off the last byte of a field.
func taken(field []byte) bool {
	before := field[:len(field)-1]
	return (len(before)-len(bytes.TrimRight(before, "\\")))%2 == 1
}

// scanQuoted scans a field in quotes from its opening quote. Delimiters are text.
func (p *textPlan) scanQuoted(b []byte, i int, quote byte, whole bool) (slot, int, verdict, string) {
	s := slot{start: int32(i + 1), kind: text, flags: quoted}
	var v verdict
	if p.csv {
		i, v = closeCSV(b, i+1, quote, whole, &s)
	} else {
		i, v = p.closeInLine(b, i+1, quote, whole, &s)
	}
	if v != ok {
		return s, i, v, "a quote is never closed"
	}
	s.end = int32(i)
	i++
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r') && b[i] != p.delimiter {
		i++
	}
	switch {
	case i >= len(b) && !whole:
		return s, i, more, ""
	case i < len(b) && b[i] != p.delimiter && b[i] != '\n':
		return s, i, malformed, "text after a closing quote"
	}
	return s, i, ok, ""
}

// closeCSV returns the index of the closing quote: a quote within is doubled, newlines are text.
func closeCSV(b []byte, i int, quote byte, whole bool, s *slot) (int, verdict) {
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c-1 >= 0x7f:
			s.flags |= nonASCII
			continue
		case c != quote:
			continue
		case i+1 >= len(b) && !whole:
			return i, more
		case i+1 < len(b) && b[i+1] == quote:
			s.flags |= doubled
			i++
			continue
		}
		return i, ok
	}
	if whole {
		return len(b), malformed
	}
	return i, more
}

// closeInLine returns the index of the closing quote under REMOVEQUOTES. It stands before the next
// newline that ESCAPE does not take (copy-parameters-data-conversion).
func (p *textPlan) closeInLine(b []byte, i int, quote byte, whole bool, s *slot) (int, verdict) {
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\\' && p.escape:
			s.flags |= backslash
			i++
			if i < len(b) && b[i]-1 >= 0x7f {
				s.flags |= nonASCII
			}
		case c-1 >= 0x7f:
			s.flags |= nonASCII
		case c == '\n':
			return i, malformed
		case c == quote:
			if i+1 >= len(b) && !whole {
				return i, more
			}
			return i, ok
		}
	}
	if whole {
		return len(b), malformed
	}
	return len(b), more
}

// decode reads an object. A record with too many fields, or too few without FILLRECORD, is refused;
// after a fault of quotes it goes on at the next line, and in CSV a quote that is never closed
// takes the rest of the object (our choices).
func (d *textDecoder) decode(w *window, out *output) error {
	if err := w.begin(d.ignoreHeader, func(line []byte) { d.passOver(line, out) }); err != nil {
		return err
	}
	first := d.ignoreHeader == 0
	for {
		b := w.buf[w.pos:w.end]
		if len(b) == 0 {
			if w.eof {
				return nil
			}
			if err := w.fill(); err != nil {
				return err
			}
			continue
		}
		if d.text.ignoreBlankLines {
			if b[0] == '\n' {
				w.pos++
				continue
			}
			if b[0] == '\r' && len(b) > 1 && b[1] == '\n' {
				w.pos += 2
				continue
			}
		}
		l, v := d.scanLine(b, w.eof)
		if first && v != more {
			first = false
			d.lookAt(b[:l.end], out)
		}
		switch {
		case v != more && l.end > maxRecord, v == more && len(b) > maxRecord:
			line, cause := w.lineAt(w.pos), ""
			if l.open > 0 {
				cause = fmt.Sprintf("; in it, the quote opened at line %d has no end", w.lineAt(w.pos+l.open-1))
			}
			return out.tooLarge(line, b, cause)
		case v == more:
			if err := w.fill(); err != nil {
				return err
			}
		case v == malformed:
			s := span{w: w, max: out.rawMax, trim: "\r\n"}
			s.take(l.end)
			if err := s.restOfLine(); err != nil {
				return err
			}
			if err := s.reject(out, "invalid quote formatting: "+l.reason); err != nil {
				return err
			}
		case out.each != nil:
			record := bytes.TrimRight(b[:l.end], "\r\n")
			at := w.lineAt(w.pos + len(record))
			w.pos += l.end
			if err := out.each(at, record); err != nil {
				return err
			}
		default:
			var bad *fieldError
			switch {
			case l.fields > len(d.targets):
				bad = &fieldError{
					reason: fmt.Sprintf("extra column(s) found: %d fields for %d columns", l.fields, len(d.targets)),
				}
			case l.fields < len(d.targets) && !d.text.fillRecord:
				bad = &fieldError{column: d.targets[l.fields].Name,
					reason: fmt.Sprintf("delimiter not found: %d fields for %d columns", l.fields, len(d.targets)) +
						otherDelimiter(b[:l.end], d.text.delimiter, len(d.targets))}
			default:
				d.fill(l.fields)
				out.buf, bad = d.record(out.buf, b, d.slots)
			}
			if bad == nil {
				w.pos += l.end
				if err := out.added(); err != nil {
					return err
				}
				continue
			}
			record := bytes.TrimRight(b[:l.end], "\r\n")
			at := w.lineAt(w.pos + len(record))
			w.pos += l.end
			if err := out.refuse(bad, at, record); err != nil {
				return err
			}
		}
	}
}

// fill gives the columns that a record lacks their values under FILLRECORD: an empty text to
// VARCHAR, which EMPTYASNULL makes NULL, and NULL to others (copy-parameters-data-conversion).
func (d *textDecoder) fill(fields int) {
	for i := fields; i < len(d.targets); i++ {
		if d.targets[i].typ == typeText {
			d.slots[i] = slot{kind: text}
		}
	}
}

// restOfLine consumes up to and with the next newline.
func (s *span) restOfLine() error {
	for {
		if i := bytes.IndexByte(s.w.buf[s.w.pos:s.w.end], '\n'); i >= 0 {
			s.take(i + 1)
			return nil
		}
		s.take(s.w.end - s.w.pos)
		if s.w.eof {
			return nil
		}
		if err := s.w.fill(); err != nil {
			return err
		}
	}
}
