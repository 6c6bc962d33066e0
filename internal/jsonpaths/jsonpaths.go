// Package jsonpaths reads JSONPaths files, which say where in a JSON record COPY finds each column.
package jsonpaths

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/sparkify/dwh/internal/jsonfault"
)

// Paths is what a JSONPaths file says.
type Paths struct {
	// Auto is true for a file whose one key is not "jsonpaths": Redshift then silently maps
	// columns to first-level keys of the same name, as FORMAT AS JSON 'auto' does
	// (copy-parameters-data-format). Paths is nil in that case.
	Auto bool
	// Paths holds one path a column, in the order of the column list.
	Paths []Path
}

// Path leads from the root of a record to one value; it has at least one step.
type Path []Step

// Step is one step of a path: into an object by name, or into an array by index.
type Step struct {
	// Name is the key to follow, compared byte for byte; "" when IsIndex.
	Name string
	// Index is the position in an array, from 0; meaningful only when IsIndex.
	Index int
	// IsIndex tells an index from a name.
	IsIndex bool
}

// String prints p in bracket notation, as $['a']['b'][0].
func (p Path) String() string {
	var b strings.Builder
	b.WriteByte('$')
	for _, s := range p {
		if s.IsIndex {
			fmt.Fprintf(&b, "[%d]", s.Index)
		} else {
			fmt.Fprintf(&b, "['%s']", s.Name)
		}
	}
	return b.String()
}

// Error is a fault in a JSONPaths file. COPY fails on it before any data is read; MAXERROR does not
// apply (copy-parameters-data-format).
type Error struct {
	// Element is the number of the faulty path from 1, or 0 when the file as a whole is at fault.
	Element int
	// Path is the text of the faulty path, if one is.
	Path string
	Msg  string
	Hint string
}

func (e *Error) Error() string {
	if e.Element == 0 {
		return "JSONPaths file: " + e.Msg
	}
	return fmt.Sprintf("JSONPaths file: path %d: %q: %s", e.Element, e.Path, e.Msg)
}

// form is the notation of a path's names; one file keeps to one.
type form int

const (
	neither form = iota // $[0] alone belongs to both
	dot                 // $.a.b[0]
	bracket             // $['a']['b'][0]
)

// ParseFile reads a JSONPaths file by Redshift's rules (copy-parameters-data-format,
// copy-usage_notes-copy-from-json): one object whose key "jsonpaths" holds an array of non-empty
// strings, all in bracket notation or all in dot notation, without wildcards and filters. An object
// without that key means 'auto'. Every other fault is an *Error.
func ParseFile(data []byte) (Paths, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	dec := json.NewDecoder(bytes.NewReader(data))
	var root map[string]json.RawMessage
	if err := dec.Decode(&root); err != nil {
		if errors.Is(err, io.EOF) {
			return Paths{}, &Error{Msg: "it is empty", Hint: layout}
		}
		return Paths{}, &Error{Msg: "it is not one JSON object: " + jsonfault.Describe(data, err), Hint: layout}
	}
	if root == nil {
		return Paths{}, &Error{Msg: "it is null, not a JSON object", Hint: layout}
	}
	if rest := bytes.TrimSpace(data[dec.InputOffset():]); len(rest) > 0 {
		return Paths{}, &Error{Msg: "text after the object: only one object is allowed", Hint: layout}
	}
	raw, ok := root["jsonpaths"]
	if !ok {
		return Paths{Auto: true}, nil
	}
	var elements []any
	if err := json.Unmarshal(raw, &elements); err != nil || elements == nil {
		return Paths{}, &Error{Msg: `"jsonpaths" is not an array`, Hint: layout}
	}
	if len(elements) == 0 {
		return Paths{}, &Error{Msg: `"jsonpaths" is empty`, Hint: layout}
	}
	paths := Paths{Paths: make([]Path, len(elements))}
	kind, first := neither, ""
	for i, element := range elements {
		text, ok := element.(string)
		if !ok {
			return Paths{}, &Error{Element: i + 1, Path: fmt.Sprint(element), Msg: "not a string"}
		}
		path, k, err := parse(text)
		if err != nil {
			err.Element, err.Path = i+1, text
			return Paths{}, err
		}
		if k != neither && kind != neither && k != kind {
			return Paths{}, &Error{Element: i + 1, Path: text,
				Msg: fmt.Sprintf(
					"mixes dot and bracket notation with %q", first,
				), Hint: "write all paths of the file as $['a']['b'] or all as $.a.b"}
		}
		if kind == neither {
			kind, first = k, text
		}
		paths.Paths[i] = path
	}
	return paths, nil
}

const layout = `write {"jsonpaths": ["$['first']", "$['second']"]}, one path a column`

// parse reads one path. A name in bracket notation ends at the first ']; in dot notation it holds
// none of . ' [ ] and blanks at its ends are part of it.
func parse(text string) (Path, form, *Error) {
	if text == "" {
		return nil, neither, &Error{Msg: "empty path"}
	}
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return nil, neither, &Error{Msg: "does not begin with $"}
	}
	if rest == "" {
		return nil, neither, &Error{Msg: "names no value", Hint: "write $['key'] or $[0]"}
	}
	var path Path
	kind := neither
	note := func(k form) *Error {
		if kind != neither && kind != k {
			return &Error{Msg: "mixes dot and bracket notation"}
		}
		kind = k
		return nil
	}
	for rest != "" {
		switch {
		case strings.HasPrefix(rest, ".."):
			return nil, kind, &Error{Msg: "recursive descent (..) is not supported"}
		case rest[0] == '.':
			if err := note(dot); err != nil {
				return nil, kind, err
			}
			rest = rest[1:]
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			name := rest[:end]
			switch {
			case name == "":
				return nil, kind, &Error{Msg: "empty name after ."}
			case name == "*":
				return nil, kind, &Error{Msg: "wildcards are not supported"}
			case strings.ContainsAny(name, "']"):
				return nil, kind, &Error{Msg: "stray ' or ] in a name", Hint: "use bracket notation: $['name']"}
			}
			path = append(path, Step{Name: name})
			rest = rest[end:]
		case strings.HasPrefix(rest, "['"):
			if err := note(bracket); err != nil {
				return nil, kind, err
			}
			name, after, ok := strings.Cut(rest[2:], "']")
			switch {
			case !ok:
				return nil, kind, &Error{Msg: "[' without ']"}
			case name == "":
				return nil, kind, &Error{Msg: "empty name in ['']"}
			}
			path = append(path, Step{Name: name})
			rest = after
		case rest[0] == '[':
			index, after, ok := strings.Cut(rest[1:], "]")
			switch {
			case !ok:
				return nil, kind, &Error{Msg: "[ without ]"}
			case index == "*":
				return nil, kind, &Error{Msg: "wildcards are not supported"}
			case strings.HasPrefix(index, "?") || strings.HasPrefix(index, "("):
				return nil, kind, &Error{Msg: "filters are not supported"}
			}
			n, err := strconv.ParseUint(index, 10, 31)
			if err != nil {
				return nil, kind, &Error{
					Msg:  fmt.Sprintf("%q is neither an index nor a quoted name", index),
					Hint: "write [0] or ['name']",
				}
			}
			path = append(path, Step{Index: int(n), IsIndex: true})
			rest = after
		default:
			return nil, kind, &Error{Msg: fmt.Sprintf("%q where . or [ is expected", rest)}
		}
	}
	return path, kind, nil
}
