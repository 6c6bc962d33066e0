package lint

import (
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// document is a file as the rules see it.
type document struct {
	file *sqlfile.File
	kind Kind

	// statements of the two renderings, and the bodies of SQL functions after their statement
	redshift, postgres []*unit
	markers            []extent // /*redshift … */, in order
	firstMarker        *sqlfile.Token
	noTransaction      bool // -- +goose NO TRANSACTION
	refused            map[string]bool
}

// place is a position in the file, both from 1.
type place struct{ line, column int }

func (p place) before(q place) bool {
	return p.line < q.line || p.line == q.line && p.column < q.column
}

// extent is a stretch of the file; end is behind its last character.
type extent struct{ start, end place }

func newDocument(f *sqlfile.File, kind Kind, rules []Rule) *document {
	d := &document{file: f, kind: kind, refused: map[string]bool{}}
	for _, rule := range rules {
		for _, verb := range rule.verbs {
			d.refused[verb] = true
		}
	}
	tokens := sqlfile.Tokens(f.Text())
	for i := range tokens {
		switch t := &tokens[i]; t.Kind {
		case sqlfile.KindMarker:
			if d.firstMarker == nil {
				d.firstMarker = t
			}
			if strings.HasPrefix(t.Text, "/*redshift") {
				start := place{t.Line, t.Column}
				d.markers = append(d.markers, extent{start, after(start, t.Text)})
			}
		case sqlfile.KindComment:
			note := strings.Fields(strings.TrimLeft(t.Text, "-"))
			if len(note) == 3 && note[0] == "+goose" && strings.EqualFold(note[1]+" "+note[2], "NO TRANSACTION") {
				d.noTransaction = true
			}
		}
	}
	d.postgres = d.units(sqlfile.Postgres, tokens)
	d.redshift = d.postgres
	if text := f.Render(sqlfile.Redshift); text != f.Text() {
		d.redshift = d.units(sqlfile.Redshift, sqlfile.Tokens(text))
	}
	return d
}

// after returns the position behind a text that starts at p.
func after(p place, text string) place {
	for _, r := range text {
		if r == '\n' {
			p.line++
			p.column = 1
			continue
		}
		p.column++
	}
	return p
}

// marked says whether only Redshift sees a token.
func (d *document) marked(t sqlfile.Token) bool {
	at := place{t.Line, t.Column}
	i, _ := slices.BinarySearchFunc(d.markers, at, func(m extent, at place) int {
		if at.before(m.end) {
			return 1
		}
		return -1
	})
	return i < len(d.markers) && !at.before(d.markers[i].start)
}

// units returns the statements of a rendering, of which these are the tokens. A rendering keeps
// lines and columns, so the positions of its tokens are those of the file. What stands between
// goose's StatementBegin and StatementEnd is cut at its semicolons.
func (d *document) units(e sqlfile.Engine, tokens []sqlfile.Token) []*unit {
	statements := d.file.Statements(e)
	var units []*unit
	next := 0
	code := make([]sqlfile.Token, 0, len(tokens)) // of all statements, one behind the other
	first := 0                                    // of the statement at hand
	finish := func() {
		if len(code) > first {
			u := newUnit(d, code[first:len(code):len(code)])
			units = append(units, u)
			if body := u.functionBody(); body != nil {
				units = append(units, body)
			}
		}
		first = len(code)
	}
	for _, t := range tokens {
		for next < len(statements) && t.Start >= statements[next].Offset()+len(statements[next].SQL()) {
			finish()
			next++
		}
		if next == len(statements) {
			break
		}
		switch {
		case t.Start < statements[next].Offset() || t.Kind == sqlfile.KindComment || t.Kind == sqlfile.KindMarker:
		case t.Kind == sqlfile.KindSemicolon:
			finish()
		default:
			code = append(code, t)
		}
	}
	finish()
	return units
}
