package sqlfile

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

// region is a stretch of the source that Redshift does not get, by byte offsets.
type region struct{ start, end int }

// markerWord returns the word that stands directly after /* in a marker.
func markerWord(text string) string {
	word := strings.TrimPrefix(text, "/*")
	if i := strings.IndexFunc(word, func(r rune) bool { return r < 0x80 && isBlank(byte(r)) || r == '*' }); i >= 0 {
		word = word[:i]
	}
	return word
}

// markerBody returns the byte offsets in the source of what stands between a marker's word and its
// */.
func markerBody(t Token) (start, end int) {
	return t.Start + len("/*") + len(markerWord(t.Text)), t.End - len("*/")
}

// regions checks how the markers stand to one another and returns what is to be blanked for
// Redshift, in order.
func (f *File) regions(tokens []Token) ([]region, error) {
	var regions []region
	open := -1 // index of the /*postgres*/ that waits for its /*redshift … */
	unclosed := func() error {
		return f.errorAt(
			tokens[open].Start,
			"unclosed marker: /*postgres*/ has no /*redshift … */ after it in its statement",
			"write /*postgres*/ … /*redshift … */, or end with /*redshift*/ when Redshift gets nothing",
		)
	}
	for i, t := range tokens {
		switch {
		case open >= 0 && (t.Kind == KindSemicolon || annotation(tokens, i) != ""):
			return nil, unclosed()
		case t.Kind != KindMarker:
			continue
		}
		start, end := markerBody(t)
		body := f.source.text[start:end]
		switch word := markerWord(t.Text); word {
		case "postgres":
			if strings.TrimSpace(body) != "" {
				return nil, f.errorAt(t.Start, "text inside the marker /*postgres*/",
					"PostgreSQL's text comes after the marker: /*postgres*/ text /*redshift text */")
			}
			if open >= 0 {
				return nil, f.errorAt(t.Start, "/*postgres*/ inside another /*postgres*/ … /*redshift … */",
					"markers do not nest: close the first with /*redshift … */")
			}
			open = i
		case "redshift":
			if open >= 0 {
				regions = append(regions, region{tokens[open].Start, start})
			} else if strings.TrimSpace(body) == "" {
				return nil, f.errorAt(t.Start, "empty /*redshift*/ without a /*postgres*/ before it",
					"the order is /*postgres*/ … /*redshift … */")
			} else {
				regions = append(regions, region{t.Start, start})
			}
			regions = append(regions, region{end, t.End})
			open = -1
		default:
			hint := "a letter directly after /* is for machines: write /*redshift text */ or " +
				"/*postgres*/, or put a blank after /* for a comment"
			for _, known := range []string{"redshift", "postgres"} {
				if levenshtein.ComputeDistance(strings.ToLower(word), known) <= 2 {
					hint = fmt.Sprintf(
						"did you mean %s?",
						map[string]string{"redshift": "/*redshift … */", "postgres": "/*postgres*/"}[known],
					)
				}
			}
			return nil, f.errorAt(t.Start, fmt.Sprintf("unknown marker /*%s", word), hint)
		}
	}
	if open >= 0 {
		return nil, unclosed()
	}
	return regions, nil
}

// checkBody checks the text of a /*redshift text */ marker.
func (f *File) checkBody(t Token) error {
	start, end := markerBody(t)
	body := f.source.text[start:end]
	if i := strings.Index(body, "/*"); i >= 0 {
		// PostgreSQL nests comments whatever stands around them, so its comment would end
		// elsewhere.
		return f.errorAt(start+i, "/* inside a marker", "a marker holds no comment; close it before the comment")
	}
	tokens := Tokens(body)
	for i, token := range tokens {
		switch {
		case token.Unclosed:
			return f.errorAt(start+token.Start, fmt.Sprintf("%s is never closed inside the marker", token.Kind),
				"*/ ends a marker, even inside a literal")
		case token.Kind == KindSemicolon:
			return f.errorAt(
				start+token.Start, "semicolon inside a marker",
				"put the semicolon after the marker's */, last on its line",
			)
		case token.Kind == KindComment && i == len(tokens)-1 && token.End == len(body):
			return f.errorAt(start+token.Start, "-- comment at the end of a marker",
				"on Redshift it would hide what follows the marker; put the comment after the semicolon")
		}
	}
	return f.checkTokens(tokens, start)
}

// render returns the text for Redshift: the regions blanked, then the statements of which nothing
// but blanks and comments is left.
func render(text string, tokens []Token, regions []region, spans []span) string {
	empty := slices.Clone(regions)
	for _, s := range spans {
		if !s.marked(tokens) || s.live(tokens, regions) {
			continue
		}
		for _, t := range tokens[s.first:s.end] {
			// Block comments go too, and so do goose's StatementBegin and StatementEnd: goose would
			// take what they leave behind for a statement, or for one without its semicolon.
			if t.Kind == KindSemicolon || t.Kind == KindComment && (s.block || !strings.HasPrefix(t.Text, "--")) {
				empty = append(empty, region{t.Start, t.End})
			}
		}
	}
	out := []byte(text)
	blanked := make([]bool, len(out))
	for _, r := range empty {
		for i := r.start; i < r.end; i++ {
			blanked[i] = true
		}
	}
	return squeeze(out, blanked, tokens)
}

// squeeze writes text with the blanked bytes replaced by one space a character; line breaks and
// tabs stay. Blanks that end a line are left out when a blanked stretch is among them, so that
// goose takes a line that lost everything for an empty one. Columns are not touched by that.
func squeeze(text []byte, blanked []bool, tokens []Token) string {
	// bytes of tokens that span lines: their trailing blanks are content
	keep := make([]bool, len(text))
	for _, t := range tokens {
		if t.Kind != KindMarker && strings.Contains(t.Text, "\n") {
			for i := t.Start; i < t.End; i++ {
				keep[i] = !blanked[i]
			}
		}
	}
	var b strings.Builder
	b.Grow(len(text))
	for start := 0; start < len(text); {
		end := start
		for end < len(text) && text[end] != '\n' {
			end++
		}
		last, touched := end, false // text[last:end] is blank in the rendering
		for last > start && !keep[last-1] && (blanked[last-1] || isBlank(text[last-1])) {
			last--
			touched = touched || blanked[last]
		}
		if !touched {
			last = end
		}
		for i := start; i < last; {
			_, size := utf8.DecodeRune(text[i:])
			if c := text[i]; blanked[i] && c != '\t' && c != '\r' {
				b.WriteByte(' ')
			} else {
				b.Write(text[i : i+size])
			}
			i += size
		}
		if last < end && text[end-1] == '\r' {
			b.WriteByte('\r')
		}
		if end < len(text) {
			b.WriteByte('\n')
		}
		start = end + 1
	}
	return b.String()
}
