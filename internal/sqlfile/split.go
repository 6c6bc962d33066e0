package sqlfile

import (
	"slices"
	"strings"
)

// span is one statement as a range of tokens.
type span struct {
	first, end int // tokens[first:end]; the semicolon and goose's annotations belong to it
	block      bool
	section    string
}

// live reports whether a token outside the regions, comments and semicolons apart, belongs to the
// span.
func (s span) live(tokens []Token, regions []region) bool {
	r := 0
	for _, t := range tokens[s.first:s.end] {
		for r < len(regions) && regions[r].end <= t.Start {
			r++
		}
		switch {
		case t.Kind == KindComment || t.Kind == KindSemicolon:
		case t.Kind == KindMarker:
			if start, end := markerBody(t); markerWord(t.Text) == "redshift" && hasLive(
				Tokens(t.Text[start-t.Start:end-t.Start]),
			) {
				return true
			}
		case r < len(regions) && regions[r].start <= t.Start:
		default:
			return true
		}
	}
	return false
}

// marked reports whether a marker stands in the span.
func (s span) marked(tokens []Token) bool {
	return slices.ContainsFunc(tokens[s.first:s.end], func(t Token) bool { return t.Kind == KindMarker })
}

func hasLive(tokens []Token) bool {
	for _, t := range tokens {
		if t.Kind != KindComment && t.Kind != KindSemicolon && t.Kind != KindMarker {
			return true
		}
	}
	return false
}

// annotation returns goose's annotation in upper case when the token is one, as goose reads it:
// a -- comment that is alone on its line.
func annotation(tokens []Token, i int) string {
	t := tokens[i]
	if t.Kind != KindComment || !strings.HasPrefix(t.Text, "--") || i > 0 && lastLine(tokens[i-1]) == t.Line {
		return ""
	}
	text, ok := strings.CutPrefix(strings.TrimLeft(t.Text, "- \t"), "+goose")
	if !ok {
		return ""
	}
	return strings.ToUpper(strings.Join(strings.Fields(text), " "))
}

// lastLine returns the line on which the token ends.
func lastLine(t Token) int { return t.Line + strings.Count(t.Text, "\n") }

// split cuts the tokens into statements. A statement with nothing but comments is a span too.
func (f *File) split(tokens []Token) ([]span, error) {
	var spans []span
	current := span{}
	begin := -1 // index of the open StatementBegin
	started := -1
	finish := func(end int) {
		current.end = end
		spans = append(spans, current)
		current = span{first: end, section: current.section}
		started = -1
	}
	unfinished := func(what string) error {
		return f.errorAt(
			tokens[started].Start, "statement has no semicolon before "+what,
			"end the statement with a semicolon, last on its line",
		)
	}
	for i, t := range tokens {
		note := annotation(tokens, i)
		switch {
		case note == "STATEMENTBEGIN" && begin >= 0:
			return nil, f.errorAt(
				t.Start, "StatementBegin inside StatementBegin",
				"close the first with -- +goose StatementEnd",
			)
		case note == "STATEMENTBEGIN":
			if started >= 0 {
				return nil, unfinished("-- +goose StatementBegin")
			}
			if i > current.first {
				finish(i)
			}
			begin, current.block = i, true
		case note == "STATEMENTEND" && begin < 0:
			return nil, f.errorAt(
				t.Start, "StatementEnd without StatementBegin",
				"put -- +goose StatementBegin before the statement",
			)
		case note == "STATEMENTEND":
			finish(i + 1)
			begin = -1
		case (note == "UP" || note == "DOWN") && begin < 0:
			if started >= 0 {
				return nil, unfinished("-- +goose " + strings.ToLower(note))
			}
			finish(i + 1)
			current.section = strings.ToLower(note)
		case t.Kind == KindSemicolon && begin < 0:
			finish(i + 1)
		case t.Kind != KindComment && started < 0:
			started = i
		}
	}
	if begin >= 0 {
		return nil, f.errorAt(
			tokens[begin].Start, "StatementBegin without StatementEnd",
			"put -- +goose StatementEnd after the statement",
		)
	}
	if started >= 0 && current.section != "" {
		return nil, unfinished("the end of the file")
	}
	if current.first < len(tokens) {
		finish(len(tokens))
	}
	return spans, nil
}

// checkLines checks that a semicolon comes last on its line, so that reading a file by lines, as
// goose does, and reading it by tokens find the same statements.
func (f *File) checkLines(tokens []Token, spans []span) error {
	semicolons := map[int]int{} // line -> byte offset of the semicolon that ends a statement there
	inBlock := map[int]bool{}   // lines between StatementBegin and StatementEnd
	goose := false
	for i := range tokens {
		goose = goose || annotation(tokens, i) != ""
	}
	for _, s := range spans {
		if s.block {
			for line := tokens[s.first].Line; line <= tokens[s.end-1].Line; line++ {
				inBlock[line] = true
			}
			continue
		}
		for i := s.first; i < s.end; i++ {
			t := tokens[i]
			if t.Kind != KindSemicolon {
				continue
			}
			if i+1 < len(tokens) && tokens[i+1].Line == t.Line && tokens[i+1].Kind != KindComment {
				return f.errorAt(tokens[i+1].Start, "text after a semicolon on the same line",
					"the semicolon must be last on its line: start the next statement on a new line")
			}
			semicolons[t.Line] = t.Start
		}
	}
	if !goose {
		return nil
	}
	for line := 1; line <= len(f.source.starts); line++ {
		offset, ends := semicolons[line]
		switch seen := gooseEnds(f.source.line(line)); {
		case inBlock[line] || seen == ends:
		case ends:
			return f.errorAt(offset, "goose does not see this semicolon",
				"goose looks at the last word of a line before any --: put a blank after the "+
					"semicolon, and no /* comment */")
		default:
			at := f.source.starts[line-1] + strings.LastIndexByte(f.source.line(line), ';')
			return f.errorAt(at, "goose would end the statement here, inside a literal or a comment",
				"wrap the statement in -- +goose StatementBegin and -- +goose StatementEnd")
		}
	}
	return nil
}

// gooseEnds repeats goose's test for the end of a statement (internal/sqlparser,
// endsWithSemicolon): the last word of the line before one that begins with -- ends in a semicolon.
func gooseEnds(line string) bool {
	last := ""
	for word := range strings.FieldsSeq(line) {
		if strings.HasPrefix(word, "--") {
			break
		}
		last = word
	}
	return strings.HasSuffix(last, ";")
}

// cut returns the statements of a rendering, empty ones left out.
func (f *File) cut(e Engine, text string, tokens []Token, spans []span) []Statement {
	var statements []Statement
	for _, s := range spans {
		first, last := -1, -1
		for i := s.first; i < s.end; i++ {
			t := tokens[i]
			if t.Kind == KindComment || t.Kind == KindSemicolon && (!s.block || first < 0) {
				continue
			}
			if t.Kind == KindMarker && first < 0 {
				// PostgreSQL sees a comment.
				continue
			}
			if first < 0 {
				first = i
			}
			if t.Kind != KindMarker {
				last = i
			}
		}
		if last < 0 {
			continue
		}
		// In a block the semicolons between its parts stay; the last one goes, and what is before
		// it as far as it is no code.
		for last > first && (tokens[last].Kind == KindSemicolon ||
			tokens[last].Kind == KindMarker || tokens[last].Kind == KindComment) {
			last--
		}
		statements = append(statements, Statement{
			file: f, engine: e, section: s.section,
			offset: tokens[first].Start, line: tokens[first].Line, column: tokens[first].Column,
			sql: text[tokens[first].Start:tokens[last].End],
		})
	}
	return statements
}
