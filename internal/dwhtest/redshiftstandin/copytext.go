package redshiftstandin

import (
	"bytes"
	"strings"
)

// skipHeader leaves out the first lines and returns what is left with the number of its first line.
func (c *copyRun) skipHeader(text []byte) (string, int64) {
	line := int64(1)
	for range c.ignoreHeader {
		end := bytes.IndexByte(text, '\n')
		if end < 0 {
			return "", line
		}
		text = text[end+1:]
		line++
	}
	return string(text), line
}

// csvRecords reads CSV a character at a time: fields may be quoted, and quoted ones hold
// delimiters, line breaks and doubled quotes.
func (c *copyRun) csvRecords(body []byte, emit emitter) error {
	text, line := c.skipHeader(body)
	pos := 0
	for pos < len(text) {
		start := pos
		var fields []field
		var bad *badRecord
		for more := true; more; {
			var f field
			f, pos, more = c.csvField(text, pos, &bad)
			fields = append(fields, f)
			if bad != nil {
				break
			}
		}
		if bad != nil { // to the end of the line
			if end := strings.IndexByte(text[pos:], '\n'); end >= 0 {
				pos += end + 1
			} else {
				pos = len(text)
			}
		}
		raw := strings.TrimSuffix(strings.TrimSuffix(text[start:pos], "\n"), "\r")
		line += int64(strings.Count(raw, "\n"))
		if err := c.textRecord(line, raw, bad, fields, emit); err != nil {
			return err
		}
		line++
	}
	return nil
}

// csvField reads one field; more says that another one follows in the record. pos ends behind the
// delimiter or the line break.
func (c *copyRun) csvField(text string, pos int, bad **badRecord) (f field, next int, more bool) {
	f.kind = 't'
	at := pos
	for at < len(text) && (text[at] == ' ' || text[at] == '\t') && text[at] != c.delimiter {
		at++
	}
	if at == len(text) || text[at] != c.quote {
		end := pos
		for end < len(text) && text[end] != c.delimiter && text[end] != '\n' {
			end++
		}
		f.text = text[pos:end]
		if end < len(text) && text[end] == c.delimiter {
			return f, end + 1, true
		}
		f.text = strings.TrimSuffix(f.text, "\r")
		return f, min(end+1, len(text)), false
	}
	f.quoted = true
	var b strings.Builder
	for at++; ; at++ {
		if at == len(text) {
			*bad = &badRecord{code: 1216, reason: "Invalid quote formatting for CSV: a quote is never closed"}
			return f, at, false
		}
		if text[at] != c.quote {
			b.WriteByte(text[at])
			continue
		}
		if at+1 < len(text) && text[at+1] == c.quote {
			b.WriteByte(c.quote)
			at++
			continue
		}
		break
	}
	f.text = b.String()
	for at++; at < len(text); at++ {
		switch ch := text[at]; {
		case ch == c.delimiter:
			return f, at + 1, true
		case ch == '\n':
			return f, at + 1, false
		case ch == ' ', ch == '\t', ch == '\r':
		default:
			*bad = &badRecord{code: 1216, reason: "Invalid quote formatting for CSV: text after a quote"}
			return f, at, false
		}
	}
	return f, at, false
}

// textRecords reads delimited text; with ESCAPE a backslash takes the character behind it for
// itself.
func (c *copyRun) textRecords(body []byte, emit emitter) error {
	text, line := c.skipHeader(body)
	for pos := 0; pos < len(text); {
		start := pos
		fields := []field{{kind: 't'}}
		var b strings.Builder
		var quote byte
		begin := true // of a field
		finish := func() {
			last := &fields[len(fields)-1]
			last.text = b.String()
			b.Reset()
			begin = true
		}
		for pos < len(text) {
			ch := text[pos]
			pos++
			if c.flags["ESCAPE"] && ch == '\\' && pos < len(text) {
				b.WriteByte(text[pos])
				if text[pos] == 'N' { // \N stays what it is
					b.Reset()
					b.WriteString(`\N`)
				}
				pos++
				begin = false
				continue
			}
			if c.flags["REMOVEQUOTES"] {
				if begin && (ch == '"' || ch == '\'') {
					quote, begin = ch, false
					fields[len(fields)-1].quoted = true
					continue
				}
				if quote != 0 {
					if ch == '\n' {
						break
					}
					if ch == quote {
						quote = 0
					} else {
						b.WriteByte(ch)
					}
					continue
				}
			}
			if ch == c.delimiter {
				finish()
				fields = append(fields, field{kind: 't'})
				continue
			}
			if ch == '\n' {
				break
			}
			if ch == '\r' && (pos == len(text) || text[pos] == '\n') {
				continue
			}
			b.WriteByte(ch)
			begin = false
		}
		finish()
		var bad *badRecord
		if quote != 0 {
			bad = &badRecord{code: 1216, reason: "Invalid quote formatting: a quote is never closed"}
		}
		raw := strings.TrimSuffix(strings.TrimSuffix(text[start:pos], "\n"), "\r")
		line += int64(strings.Count(raw, "\n"))
		if err := c.textRecord(line, raw, bad, fields, emit); err != nil {
			return err
		}
		line++
	}
	return nil
}

// textRecord counts the fields of a record and hands it on.
func (c *copyRun) textRecord(line int64, raw string, bad *badRecord, fields []field, emit emitter) error {
	blank := strings.TrimSpace(raw) == ""
	if blank && c.flags["IGNOREBLANKLINES"] {
		return nil
	}
	if bad == nil && len(fields) > len(c.columns) {
		bad = &badRecord{code: 1202, reason: "Extra column(s) found"}
	}
	for bad == nil && len(fields) < len(c.columns) {
		if !c.flags["FILLRECORD"] {
			bad = &badRecord{code: 1214, reason: "Delimiter not found", column: &c.columns[len(fields)]}
			break
		}
		// "if the missing column is a VARCHAR column, zero-length strings are loaded instead of
		// NULLs", unless EMPTYASNULL is given (dg/copy-parameters-data-conversion).
		fields = append(fields, field{null: c.columns[len(fields)].kind != "character varying", kind: 't'})
	}
	for i := range fields {
		if fields[i].text == c.null && !(c.format == "csv" && fields[i].quoted) {
			fields[i].null = true
		}
	}
	return emit(line, raw, bad, fields)
}
