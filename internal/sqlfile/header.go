package sqlfile

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

// Header is what the comment at the top of a load, a check or a report says about it:
//
//	-- Best days: the days with the highest revenue.
//	-- title: Best days
//	-- param: limit 3 how many days
//	-- chart: bar x=day y=revenue
//
// Lines without one of the keys are the description. The lines of a model's header are left to
// package model.
type Header struct {
	Description string // lines joined by blanks

	// Of a load.
	Optional bool     // `-- optional`: it is skipped where its source is not given
	Files    []string // `-- files: *.txt, *.csv`: patterns of the names that it takes; nil for all
	Erase    []Erase  // `-- erase: customer_no as customer`

	// Of a check.
	Severity string // "error", "warn", or "" when none is given
	Gate     string // "no": only where everything is checked; "yes", or "" when none is given

	// Of a report. What package report understands of them, it reads itself.
	Title  string
	Params []Param
	Chart  Line
	Tiles  []Line
	Links  []Line
	// Caption names the columns that people see once, above the table.
	Caption Line
}

// A Line is the value of one line of a header, as written, and its place, from 1.
type Line struct {
	Text         string // the value without its key; "" where there is no line
	Line, Column int    // where the line stands, from 1
	At           int    // the column in which Text begins
}

// A Param is a value that a report asks for: `-- param: name default help`.
type Param struct {
	Name     string
	Default  string // used where no value is given; "" with Required
	Help     string // what it means, for people; "" for none
	Required bool   // no default, or "-"

	Line, Column int // where the line stands, from 1
}

// An Erase is a column that names a person: `-- erase: column as flag`.
type Erase struct {
	Column string // the column's name, as written
	Flag   string // what the flag is called, with underscores; the column without `as`

	Line, At int // where the line stands: line and column, from 1
}

var (
	headerLine   = regexp.MustCompile(`^--\s*([A-Za-z_]+):\s*(.*?)\s*$`)
	optionalLine = regexp.MustCompile(`^--\s*optional\s*$`)
	headerName   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	headerWord   = regexp.MustCompile(`^("[^"]*"|\S+)\s*(.*)$`)
)

var headerKeys = []string{"severity", "gate", "title", "param", "chart", "tile", "link", "caption", "erase"}

// filesLine is a line of a load's header. In another file it is a part of the description.
var (
	filesLine = regexp.MustCompile(`(?i)^--\s*files:\s*(.*?)\s*$`)
	loadName  = regexp.MustCompile(`^0[0-9]{2}_`)
)

// The lines of a model's header, which package model reads.
var (
	modelLine    = regexp.MustCompile(`^--\s*(key|pick|from|joins|left joins|refers|reads|writes):`)
	modelScript  = regexp.MustCompile(`^--\s*script\s*$`)
	continuation = regexp.MustCompile(`^--\s{3,}\S`)
)

// A Comment is one line of the comment at the top of a file.
type Comment struct {
	Text         string // as it stands, with its dashes
	Line, Column int    // where it stands, from 1
}

// HeaderLines returns the -- comments before the first statement, up to the first line that is
// none, without goose's annotations.
func (f *File) HeaderLines() []Comment {
	var out []Comment
	last := 0
	for _, t := range Tokens(f.source.text) {
		if t.Kind != KindComment || !strings.HasPrefix(t.Text, "--") || last > 0 && t.Line != last+1 {
			break
		}
		last = t.Line
		out = append(out, Comment{Text: t.Text, Line: t.Line, Column: t.Column})
	}
	return out
}

// parseHeader reads the -- comments before the first statement, up to the first line that is none.
func (f *File) parseHeader(tokens []Token) (Header, error) {
	var h Header
	var description []string
	last := 0      // line of the last comment that was read
	model := false // the last line, or the one that it continues, is one of a model's header
	for i, t := range tokens {
		if t.Kind != KindComment || !strings.HasPrefix(t.Text, "--") {
			break
		}
		if annotation(tokens, i) != "" {
			continue
		}
		if last > 0 && t.Line != last+1 {
			break
		}
		last = t.Line
		model = modelLine.MatchString(
			t.Text,
		) || modelScript.MatchString(t.Text) || model && continuation.MatchString(t.Text)
		if model {
			continue
		}
		if optionalLine.MatchString(t.Text) {
			h.Optional = true
			continue
		}
		match := filesLine.FindStringSubmatch(t.Text)
		if match != nil && loadName.MatchString(path.Base(f.Name())) && !f.holds("files") {
			if problem, hint := h.setFiles(match[1]); problem != "" {
				return h, f.errorAt(t.Start, problem, hint)
			}
			continue
		}
		key, value := "", Line{Line: t.Line, Column: t.Column}
		if at := headerLine.FindStringSubmatchIndex(t.Text); at != nil {
			key, value.Text = strings.ToLower(t.Text[at[2]:at[3]]), t.Text[at[4]:at[5]]
			value.At = t.Column + utf8.RuneCountInString(t.Text[:at[4]])
		}
		if slices.Contains(headerKeys, key) && !f.holds(key) {
			if problem, hint := h.set(key, value); problem != "" {
				return h, f.errorAt(t.Start, problem, hint)
			}
			continue
		}
		for _, known := range headerKeys {
			// A key misspelt would silently be part of the description. Short ones are near to many
			// words: "date:" is no misspelt "gate:".
			if len(known) > 4 && key != known && levenshtein.ComputeDistance(key, known) == 1 {
				return h, f.errorAt(
					t.Start, fmt.Sprintf("unknown key %q in the file's header", key),
					fmt.Sprintf("did you mean %q?", known+":"),
				)
			}
		}
		if text := strings.TrimSpace(strings.TrimLeft(t.Text, "-")); text != "" {
			description = append(description, text)
		}
	}
	h.Description = strings.Join(description, " ")
	return h, nil
}

// holds tells whether the file is a transform of that name, whose description begins with it:
// 105_gate.sql begins with "-- gate: one row per ...".
func (f *File) holds(name string) bool {
	return strings.HasSuffix(strings.TrimSuffix(path.Base(f.Name()), ".sql"), "_"+name)
}

// set takes over the value of one line. It returns what is wrong with it, "" for nothing, and what
// to write instead.
func (h *Header) set(key string, value Line) (problem, hint string) {
	twice := func() (string, string) { return key + ": is given twice", "remove one of the two lines" }
	switch key {
	case "severity":
		if h.Severity != "" {
			return twice()
		}
		if value.Text != "error" && value.Text != "warn" {
			return fmt.Sprintf("unknown severity %q", value.Text), "write -- severity: error or -- severity: warn"
		}
		h.Severity = value.Text
	case "gate":
		if h.Gate != "" {
			return twice()
		}
		if value.Text != "no" && value.Text != "yes" {
			return fmt.Sprintf("gate: must be yes or no, not %q", value.Text), "write -- gate: no"
		}
		h.Gate = value.Text
	case "title":
		if h.Title != "" {
			return twice()
		}
		if value.Text == "" {
			return "title: is empty", "write -- title: Best days"
		}
		h.Title = value.Text
	case "chart":
		if h.Chart != (Line{}) {
			return twice()
		}
		h.Chart = value
	case "caption":
		if h.Caption != (Line{}) {
			return twice()
		}
		if value.Text == "" {
			return "caption: names no column", "write -- caption: COLUMN"
		}
		h.Caption = value
	case "tile":
		h.Tiles = append(h.Tiles, value)
	case "link":
		h.Links = append(h.Links, value)
	case "param":
		param, problem := parseParam(value)
		if problem != "" {
			return problem, "write -- param: limit 10 how many rows, or -- param: artist - the artist's name"
		}
		for _, other := range h.Params {
			if other.Name == param.Name {
				return fmt.Sprintf("param: %s is given twice", param.Name), "remove one of the two lines"
			}
		}
		h.Params = append(h.Params, param)
	case "erase":
		erase, problem := parseErase(value)
		if problem != "" {
			return problem, "write -- erase: customer_no, or -- erase: customer_no as customer"
		}
		h.Erase = append(h.Erase, erase)
	}
	return "", ""
}

// setFiles takes over the patterns of `-- files:`.
func (h *Header) setFiles(value string) (problem, hint string) {
	const write = "write -- files: *.csv, or several with commas: -- files: *.txt, *.csv"
	if h.Files != nil {
		return "files: is given twice", "remove one of the two lines"
	}
	for _, pattern := range strings.Split(value, ",") {
		pattern = strings.ToLower(strings.TrimSpace(pattern))
		_, err := path.Match(pattern, "")
		switch {
		case pattern == "":
			return "files: needs patterns of file names", write
		case err != nil:
			return fmt.Sprintf("files: %q is not a pattern", pattern), write
		case strings.Contains(pattern, "/"):
			return fmt.Sprintf("files: %q has a slash; a pattern matches only the file's name", pattern), write
		}
		h.Files = append(h.Files, pattern)
	}
	return "", ""
}

// Takes tells whether a load takes an object, by the last part of its URL or path. Case does not
// count.
func (h Header) Takes(name string) bool {
	if h.Files == nil {
		return true
	}
	name = strings.ToLower(path.Base(name))
	return slices.ContainsFunc(h.Files, func(pattern string) bool {
		matches, err := path.Match(pattern, name)
		return err == nil && matches
	})
}

// parseParam reads "name default help". A default with blanks stands in double quotes.
func parseParam(value Line) (param Param, problem string) {
	name, rest, _ := strings.Cut(value.Text, " ")
	if !headerName.MatchString(name) {
		return Param{}, fmt.Sprintf("param: %q is not a name", name)
	}
	param = Param{Name: name, Line: value.Line, Column: value.Column}
	word := headerWord.FindStringSubmatch(strings.TrimSpace(rest))
	if word == nil || word[1] == "-" {
		param.Required = true
	} else {
		param.Default = strings.Trim(word[1], `"`)
	}
	if word != nil {
		param.Help = word[2]
	}
	return param, ""
}

// parseErase reads "column" or "column as flag".
func parseErase(value Line) (erase Erase, problem string) {
	words := strings.Fields(value.Text)
	erase = Erase{Line: value.Line, At: value.Column}
	switch {
	case len(words) == 1:
		erase.Column, erase.Flag = words[0], words[0]
	case len(words) == 3 && words[1] == "as":
		erase.Column, erase.Flag = words[0], words[2]
	default:
		return Erase{}, fmt.Sprintf("erase: needs a column, not %q", value.Text)
	}
	if !headerName.MatchString(erase.Column) || !headerName.MatchString(strings.ReplaceAll(erase.Flag, "-", "_")) {
		return Erase{}, fmt.Sprintf("erase: needs a column, not %q", value.Text)
	}
	erase.Flag = strings.ReplaceAll(erase.Flag, "-", "_")
	return erase, ""
}
