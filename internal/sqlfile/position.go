package sqlfile

import (
	"strings"
	"unicode/utf8"
)

// source maps byte offsets of a text to lines and columns.
type source struct {
	text   string
	starts []int // byte offset at which each line begins
}

func newSource(text string) source {
	s := source{text: text, starts: []int{0}}
	for i := 0; i < len(text); i++ {
		if text[i] == '\n' {
			s.starts = append(s.starts, i+1)
		}
	}
	return s
}

// position returns the 1-based line and column, in characters, of a byte offset.
func (s source) position(offset int) (line, column int) {
	offset = min(max(offset, 0), len(s.text))
	lo, hi := 0, len(s.starts)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; s.starts[mid] <= offset {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo + 1, utf8.RuneCountInString(s.text[s.starts[lo]:offset]) + 1
}

// line returns the text of a 1-based line without its line break, "" when there is no such line.
func (s source) line(n int) string {
	if n < 1 || n > len(s.starts) {
		return ""
	}
	end := len(s.text)
	if n < len(s.starts) {
		end = s.starts[n] - 1
	}
	return strings.TrimSuffix(s.text[s.starts[n-1]:end], "\r")
}
