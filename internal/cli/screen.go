package cli

import (
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ownColours are the colours that dwh itself paints with. They can do no more than colour.
var ownColours = regexp.MustCompile(`^\x1b\[(?:0|1|2|31|32|33|36)m`)

// screen is a terminal that shows control characters of the data as escapes, \x1b for one, whatever
// format they come in. Line ends, tabs and dwh's own colours stay.
type screen struct {
	to   io.Writer
	rest []byte // the beginning of a character whose end has not been written yet
}

// Write shows p. The bytes of a character may come in several calls.
func (s *screen) Write(p []byte) (int, error) {
	text := append(s.rest, p...)
	s.rest = nil
	var out strings.Builder
	for len(text) > 0 {
		if colour := ownColours.Find(text); colour != nil {
			out.Write(colour)
			text = text[len(colour):]
			continue
		}
		if !utf8.FullRune(text) {
			s.rest = append([]byte(nil), text...)
			break
		}
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			out.WriteRune(utf8.RuneError)
		case r == '\n', r == '\t', !commands(r):
			out.Write(text[:size])
		default:
			quoted := strconv.QuoteToASCII(string(r))
			out.WriteString(quoted[1 : len(quoted)-1])
		}
		text = text[size:]
	}
	if _, err := io.WriteString(s.to, out.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// commands tells whether a terminal may obey a character instead of showing it: a control
// character, or a mark that changes the direction of the text behind it.
func commands(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// printable keeps what errors and messages quote from data from commanding the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if commands(r) && r != '\n' && r != '\t' {
			return utf8.RuneError
		}
		return r
	}, s)
}
