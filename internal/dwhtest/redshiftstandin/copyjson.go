package redshiftstandin

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A field is one value of a record, before it meets its column.
type field struct {
	null bool
	// s string, n number, b boolean, c object or array, t text of a CSV or delimited file
	kind   byte
	text   string // may hold invalid UTF-8
	quoted bool   // of text
}

// jsonRecords finds the objects, or with a JSONPaths file also the arrays, of a file: one after
// another, with any white space or none between.
func (c *copyRun) jsonRecords(text []byte, emit emitter) error {
	pos := 0
	for range c.ignoreHeader {
		end := bytes.IndexByte(text[pos:], '\n')
		if end < 0 {
			return nil
		}
		pos += end + 1
	}
	line := 1 + int64(bytes.Count(text[:pos], []byte("\n")))
	move := func(to int) { line += int64(bytes.Count(text[pos:to], []byte("\n"))); pos = to }
	for {
		start := pos
		for start < len(text) && strings.IndexByte(" \t\r\n", text[start]) >= 0 {
			start++
		}
		move(start)
		if pos == len(text) {
			return nil
		}
		switch first := text[pos]; {
		case first == '{', first == '[' && c.steps != nil:
			decoder := json.NewDecoder(bytes.NewReader(text[pos:]))
			var raw json.RawMessage
			err := decoder.Decode(&raw)
			if err != nil {
				end := endOfBroken(text, pos)
				broken := text[pos:end]
				move(end)
				reason := "Invalid JSON: " + err.Error()
				if errors.Is(err, io.ErrUnexpectedEOF) && end == len(text) {
					reason = "Invalid JSON: the object is cut off"
				}
				if err := emit(line, string(broken), &badRecord{code: 1216, reason: reason}, nil); err != nil {
					return err
				}
				continue
			}
			end := pos + int(decoder.InputOffset())
			record := text[pos:end]
			if len(record) > maxRecord {
				return c.fatal("XX000", pageCopyFormat, "JSON object or array larger than 4 MB (%d bytes)", len(record))
			}
			move(end)
			fields, err := c.pick(record)
			if err != nil {
				return err
			}
			if err := emit(line, string(record), nil, fields); err != nil {
				return err
			}
		case strings.IndexByte("[],", first) >= 0:
			at := pos
			move(pos + 1)
			if err := emit(
				line, string(text[at]),
				&badRecord{code: 1216, reason: "Invalid JSON: unexpected " + strconv.QuoteRune(rune(first))},
				nil,
			); err != nil {
				return err
			}
		default:
			end := pos
			for end < len(text) && text[end] != '\n' && text[end] != '{' {
				end++
			}
			at := pos
			move(end)
			if err := emit(
				line, string(text[at:end]),
				&badRecord{code: 1216, reason: "Invalid JSON: text outside of an object"}, nil,
			); err != nil {
				return err
			}
		}
	}
}

// endOfBroken guesses where a broken object ends, which the guide says nothing about: at its last
// brace; at the end of a line within a string; before a line that begins with a brace; or at the
// end of the file.
func endOfBroken(text []byte, start int) int {
	depth := 0
	inString := false
	for i := start; i < len(text); i++ {
		ch := text[i]
		switch {
		case inString && ch == '\n':
			return i
		case inString && ch == '\\':
			i++
		case inString:
			inString = ch != '"'
		case ch == '"':
			inString = true
		case ch == '{' && i > start && text[i-1] == '\n':
			return i - 1
		case ch == '{', ch == '[':
			depth++
		case ch == '}', ch == ']':
			if depth--; depth <= 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// pick takes the columns' values out of a record.
func (c *copyRun) pick(record []byte) ([]field, error) {
	fields := make([]field, len(c.columns))
	if c.steps != nil {
		for i, path := range c.steps {
			raw, err := follow(record, path)
			if err != nil {
				return nil, c.fatal(
					"XX000", pageCopyFormat,
					"Invalid JSONPath format: Not an array or index out of range.",
				)
			}
			fields[i] = jsonField(raw)
		}
		return fields, nil
	}
	for i := range fields {
		fields[i].null = true
	}
	members, err := objectMembers(record)
	if err != nil {
		return nil, err
	}
	for _, member := range members { // of equal keys the last counts
		for i, column := range c.columns {
			key := member.key
			if c.paths == "auto ignorecase" {
				key = strings.ToLower(key)
			}
			if key == column.name { // first-level keys alone, exactly
				fields[i] = jsonField(member.value)
			}
		}
	}
	return fields, nil
}

type jsonMember struct {
	key   string
	value json.RawMessage
}

// objectMembers returns the members of a valid object in order; ones with equal keys stand one
// after the other.
func objectMembers(object []byte) ([]jsonMember, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	var out []jsonMember
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		out = append(out, jsonMember{key.(string), value})
	}
	return out, nil
}

// jsonField is a JSON value as a field: a string unquoted, a number as it stands, an object or
// array without blanks.
func jsonField(raw json.RawMessage) field {
	if len(raw) == 0 {
		return field{null: true}
	}
	switch raw[0] {
	case 'n':
		return field{null: true}
	case 't', 'f':
		return field{kind: 'b', text: string(raw)}
	case '"':
		return field{kind: 's', text: unquoteJSON(raw)}
	case '{', '[':
		var b bytes.Buffer
		_ = json.Compact(&b, raw) // it is valid
		return field{kind: 'c', text: b.String()}
	default:
		return field{kind: 'n', text: string(raw)}
	}
}

// unquoteJSON undoes the escapes of a valid string. Unlike encoding/json it keeps bytes that are no
// UTF-8, and writes half a surrogate pair as its three bytes, which are none either.
func unquoteJSON(raw []byte) string {
	var b []byte
	for i := 1; i < len(raw)-1; i++ {
		if raw[i] != '\\' {
			b = append(b, raw[i])
			continue
		}
		i++
		switch raw[i] {
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			r := hex4(raw[i+1:])
			i += 4
			if utf16.IsSurrogate(r) {
				if i+6 < len(raw) && raw[i+1] == '\\' && raw[i+2] == 'u' {
					if whole := utf16.DecodeRune(r, hex4(raw[i+3:])); whole != utf8.RuneError {
						b = utf8.AppendRune(b, whole)
						i += 6
						continue
					}
				}
				b = append(b, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
				continue
			}
			b = utf8.AppendRune(b, r)
		default:
			b = append(b, raw[i])
		}
	}
	return string(b)
}

func hex4(b []byte) rune {
	n, _ := strconv.ParseUint(string(b[:4]), 16, 32) // valid JSON
	return rune(n)
}

// A pathStep is a key, or an index where key is nil.
type pathStep struct {
	key   *string
	index int
}

// readPaths reads the JSONPaths file.
func (c *copyRun) readPaths() error {
	body, _, err := c.get(c.paths)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	var file map[string]json.RawMessage
	if err := decoder.Decode(&file); err != nil {
		return c.fatal("XX000", pageCopyFormat, "Invalid JSONPath format: the file is not one JSON object: %v", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return c.fatal("XX000", pageCopyFormat, "Invalid JSONPath format: the file is not one JSON object")
	}
	list, ok := file["jsonpaths"]
	if !ok {
		c.paths = "auto" // silently
		return nil
	}
	var paths []string
	if err := json.Unmarshal(list, &paths); err != nil {
		return c.fatal("XX000", pageCopyFormat, "Invalid JSONPath format: jsonpaths is not an array of strings")
	}
	if len(paths) != len(c.columns) {
		return c.fatal(
			"XX000", pageCopyFormat,
			"Number of jsonpaths and the number of columns should match. JSONPath size: %d, "+
				"Number of columns in table or column list: %d",
			len(paths), len(c.columns),
		)
	}
	c.steps = [][]pathStep{}
	dots, brackets := false, false
	for _, path := range paths {
		steps, dotted, bracketed, ok := parsePath(path)
		dots, brackets = dots || dotted, brackets || bracketed
		if !ok || dots && brackets {
			return c.fatal("XX000", pageCopyFormat, "Invalid JSONPath format: %q", path)
		}
		c.steps = append(c.steps, steps)
	}
	return nil
}

// parsePath parses $['a']['b'][0] or $.a.b[0] (dg/copy-usage_notes-copy-from-json).
func parsePath(path string) (steps []pathStep, dots, brackets, ok bool) {
	rest, ok := strings.CutPrefix(path, "$")
	if !ok {
		return nil, false, false, false
	}
	for rest != "" {
		switch {
		case strings.HasPrefix(rest, "['"):
			end := strings.Index(rest, "']")
			if end < 3 {
				return nil, dots, brackets, false
			}
			key := rest[2:end]
			steps, rest, brackets = append(steps, pathStep{key: &key}), rest[end+2:], true
		case rest[0] == '[':
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return nil, dots, brackets, false
			}
			index, err := strconv.Atoi(rest[1:end])
			if err != nil || index < 0 {
				return nil, dots, brackets, false
			}
			steps, rest = append(steps, pathStep{index: index}), rest[end+1:]
		case rest[0] == '.':
			end := strings.IndexAny(rest[1:], ".[")
			if end < 0 {
				end = len(rest) - 1
			}
			key := rest[1 : end+1]
			if key == "" || strings.ContainsAny(key, "'*?]()@") {
				return nil, dots, brackets, false
			}
			steps, rest, dots = append(steps, pathStep{key: &key}), rest[end+1:], true
		default:
			return nil, dots, brackets, false
		}
	}
	return steps, dots, brackets, len(steps) > 0
}

// errIndex is how COPY ends at an index that an array does not have.
var errIndex = errors.New("not an array or index out of range")

// follow finds a path's value in a record; nil where a key on the way is not there.
func follow(raw json.RawMessage, path []pathStep) (json.RawMessage, error) {
	for _, step := range path {
		if step.key == nil {
			var elements []json.RawMessage
			if raw[0] != '[' || json.Unmarshal(raw, &elements) != nil || step.index >= len(elements) {
				return nil, errIndex
			}
			raw = elements[step.index]
			continue
		}
		if raw[0] != '{' {
			return nil, nil
		}
		members, err := objectMembers(raw)
		if err != nil {
			return nil, err
		}
		raw = nil
		for _, member := range members {
			if member.key == *step.key {
				raw = member.value
			}
		}
		if raw == nil {
			return nil, nil
		}
	}
	return raw, nil
}
