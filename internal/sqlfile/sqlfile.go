// Package sqlfile reads SQL files that are written once for PostgreSQL and Amazon Redshift.
package sqlfile

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// Engine names a database engine.
type Engine string

// The engines that one file is written for.
const (
	Postgres Engine = "postgres"
	Redshift Engine = "redshift"
)

// ParseEngine returns the engine of that name.
func ParseEngine(name string) (Engine, error) {
	switch e := Engine(name); e {
	case Postgres, Redshift:
		return e, nil
	}
	return "", fmt.Errorf("unknown engine %q: write %s or %s", name, Postgres, Redshift)
}

// File is a SQL file: valid PostgreSQL as it stands, with markers for what Redshift needs
// otherwise.
//
// On Redshift the text of /*redshift text */ is uncommented, and what lies between /*postgres*/ and
// the next /*redshift … */ is blanked. The first */ ends a marker, even inside a literal, since it
// ends the comment on PostgreSQL too; a marker holds no comment and no semicolon. Markers inside
// string literals, quoted identifiers, comments and dollar quotes are text.
type File struct {
	name     string
	header   Header
	source   source
	shown    source // the text with secrets masked, for errors
	redshift source // the rendering for Redshift

	statements map[Engine][]Statement
}

// Parse reads a file. The name is what errors show, such as "transforms/210_f_order.sql".
// Every error is an *Error with its position.
func Parse(name, text string) (*File, error) {
	f := &File{name: name, source: newSource(text)}
	f.shown = f.source
	if err := f.checkEncoding(); err != nil {
		return nil, err
	}
	if masked := maskSecrets(text); masked != text {
		f.shown = newSource(masked)
	}
	tokens := Tokens(text)
	// The texts of markers come first: a literal cut off inside one seems to open behind it.
	for _, t := range tokens {
		if t.Kind == KindMarker && !t.Unclosed && markerWord(t.Text) == "redshift" {
			if err := f.checkBody(t); err != nil {
				return nil, err
			}
		}
	}
	if err := f.checkTokens(tokens, 0); err != nil {
		return nil, err
	}
	regions, err := f.regions(tokens)
	if err != nil {
		return nil, err
	}
	spans, err := f.split(tokens)
	if err != nil {
		return nil, err
	}
	if err := f.checkLines(tokens, spans); err != nil {
		return nil, err
	}
	if f.header, err = f.parseHeader(tokens); err != nil {
		return nil, err
	}
	f.redshift = f.source
	f.statements = map[Engine][]Statement{Postgres: f.cut(Postgres, f.source.text, tokens, spans)}
	rendered := tokens
	if text := render(text, tokens, regions, spans); text != f.source.text {
		f.redshift = newSource(text)
		rendered = Tokens(text)
		if spans, err = f.split(rendered); err != nil {
			return nil, err
		}
	}
	f.statements[Redshift] = f.cut(Redshift, f.redshift.text, rendered, spans)
	return f, nil
}

// ParseFS reads the files of fsys that match the glob pattern, sorted by name. Errors and
// File.Name show them inside folder, which may be "".
func ParseFS(fsys fs.FS, folder, glob string) ([]*File, error) {
	if _, err := fs.ReadDir(fsys, path.Dir(glob)); err != nil { // which fs.Glob hides
		return nil, ReadError(path.Join(folder, path.Dir(glob)), err)
	}
	names, err := fs.Glob(fsys, glob)
	if err != nil {
		return nil, fmt.Errorf("find SQL files %s: %w", glob, err)
	}
	slices.Sort(names)
	files := make([]*File, 0, len(names))
	for _, name := range names {
		text, err := ReadFile(fsys, folder, name)
		if err != nil {
			return nil, err
		}
		f, err := Parse(path.Join(folder, name), text)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// Name returns the name given to Parse.
func (f *File) Name() string { return f.name }

// Text returns the text as it was read.
func (f *File) Text() string { return f.source.text }

// Header returns what the file's leading comment says.
func (f *File) Header() Header { return f.header }

// Render returns the file's text for an engine: markers resolved, variables untouched. Every token
// keeps its line and column; on PostgreSQL the text is the file's own.
func (f *File) Render(e Engine) string {
	if e == Redshift {
		return f.redshift.text
	}
	return f.source.text
}

// Statements returns the statements of the rendering for an engine, in order, without empty ones.
// Goose's annotations are honoured: what stands between StatementBegin and StatementEnd is one
// statement.
func (f *File) Statements(e Engine) []Statement {
	if e != Redshift {
		e = Postgres
	}
	return slices.Clone(f.statements[e])
}

// ErrorAt returns an error at a 1-based line and column (in characters) of the file.
func (f *File) ErrorAt(line, column int, msg, hint string, cause error) *Error {
	return &Error{
		File: f.name, Line: line, Column: column, Source: f.shown.line(line), Msg: msg, Hint: hint,
		Err: cause,
	}
}

// errorAt returns an error at a byte offset of the file.
func (f *File) errorAt(offset int, msg, hint string) *Error {
	line, column := f.source.position(offset)
	return f.ErrorAt(line, column, msg, hint, nil)
}

// checkEncoding refuses text that no engine takes, before positions in characters are counted on.
func (f *File) checkEncoding() error {
	text := f.source.text
	if strings.HasPrefix(text, "\ufeff") {
		return f.errorAt(
			0, "byte order mark at the start of the file",
			"save the file as UTF-8 without a byte order mark",
		)
	}
	for i, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd") {
			return f.errorAt(i, fmt.Sprintf("byte 0x%02x is not valid UTF-8", text[i]), "save the file as UTF-8")
		}
		if r == 0 {
			return f.errorAt(i, "NUL character in the file", "save the file as plain UTF-8 text")
		}
	}
	return nil
}

// checkTokens refuses what is never closed and what looks like a variable but is none.
// base is the byte offset in the file of the text that was split.
func (f *File) checkTokens(tokens []Token, base int) error {
	for i, t := range tokens {
		switch {
		case t.Unclosed && (t.Kind == KindComment || t.Kind == KindMarker):
			return f.errorAt(
				base+t.Start, "comment is never closed",
				"add */; inside a comment each /* needs its own */",
			)
		case t.Unclosed && t.Kind == KindDollarString:
			tag := t.Text[:strings.IndexByte(t.Text[1:], '$')+2]
			return f.errorAt(base+t.Start, fmt.Sprintf("dollar quote %s is never closed", tag), "add the closing "+tag)
		case t.Unclosed && t.Kind == KindQuotedIdent:
			return f.errorAt(
				base+t.Start, "quoted identifier is never closed",
				`add the closing "; inside the name a quote is written ""`,
			)
		case t.Unclosed:
			return f.errorAt(
				base+t.Start, "string literal is never closed",
				"add the closing '; inside the text a quote is written ''",
			)
		case i > 0 && tokens[i-1].Text == ":" && tokens[i-1].End == t.Start && (t.Text[0] == '\'' || t.Text[0] == '"'):
			return f.errorAt(base+t.Start-1, fmt.Sprintf("%s is not a variable", ":"+t.Text),
				"a variable's name has ASCII letters, digits and underscores, and no digit first: :'orders'")
		}
	}
	return nil
}
