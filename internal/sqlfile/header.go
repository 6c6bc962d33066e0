package sqlfile

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Header is what the comment at the top of a file says about it:
//
//	-- d_time: one row per hour in which a song was played.
//	-- reads:  s_songplay_event
//	-- writes: d_time
//
// Lines without one of the keys reads, writes, severity and param, nor one of a model's keys, are
// the description.
type Header struct {
	Description   string   // lines joined by blanks
	Reads, Writes []string // table names as written
	Severity      string   // "error", "warn", or "" when none is given
	Params        []string // names, in order
}

var (
	headerLine = regexp.MustCompile(`^--\s*([A-Za-z_]+):\s*(.*?)\s*$`)
	paramName  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

var headerKeys = []string{"reads", "writes", "severity", "param"}

// The lines of a model's header, which package model reads.
var (
	modelLine    = regexp.MustCompile(`^--\s*(key|pick|from|joins|left joins|refers):`)
	modelScript  = regexp.MustCompile(`^--\s*(script|optional)\s*$`)
	continuation = regexp.MustCompile(`^--\s{3,}\S`)
)

// A Comment is one line of the comment at the top of a file.
type Comment struct {
	Text         string // as it stands, with its dashes
	Line, Column int    // from 1
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
		model = modelLine.MatchString(t.Text) || modelScript.MatchString(t.Text) || model && continuation.MatchString(t.Text)
		if model {
			continue
		}
		match := headerLine.FindStringSubmatch(t.Text)
		key, value := "", ""
		if match != nil {
			key, value = strings.ToLower(match[1]), match[2]
		}
		switch key {
		case "reads":
			h.Reads = append(h.Reads, headerList(value)...)
		case "writes":
			h.Writes = append(h.Writes, headerList(value)...)
		case "severity":
			if value != "error" && value != "warn" {
				return h, f.errorAt(t.Start, fmt.Sprintf("unknown severity %q", value), "write -- severity: error or -- severity: warn")
			}
			if h.Severity != "" {
				return h, f.errorAt(t.Start, "severity given twice", "keep one of the two lines")
			}
			h.Severity = value
		case "param":
			for _, name := range headerList(value) {
				if !paramName.MatchString(name) {
					return h, f.errorAt(t.Start, fmt.Sprintf("%q is not a parameter name", name),
						"a name has letters, digits and underscores, and no digit first: -- param: artist")
				}
				h.Params = append(h.Params, name)
			}
		default:
			for _, known := range headerKeys {
				// A key misspelt would silently be part of the description.
				if key != "" && levenshtein.ComputeDistance(key, known) == 1 {
					return h, f.errorAt(t.Start, fmt.Sprintf("unknown key %q in the file's header", key), fmt.Sprintf("did you mean %q?", known+":"))
				}
			}
			if text := strings.TrimSpace(strings.TrimLeft(t.Text, "-")); text != "" {
				description = append(description, text)
			}
		}
	}
	h.Description = strings.Join(description, " ")
	return h, nil
}

func headerList(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
}
