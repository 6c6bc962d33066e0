package redshiftstandin

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// An edit replaces text[start:end] of a statement.
type edit struct {
	start, end int
	text       string
	removed    int // characters of what is replaced; apply sets it
}

// apply makes the edits, which may come in any order and do not overlap.
func apply(sql string, edits []edit) string {
	sort.SliceStable(edits, func(i, j int) bool { return edits[i].start < edits[j].start })
	var b strings.Builder
	last := 0
	for i, e := range edits {
		edits[i].removed = utf8.RuneCountInString(sql[e.start:e.end])
		b.WriteString(sql[last:e.start])
		b.WriteString(e.text)
		last = e.end
	}
	b.WriteString(sql[last:])
	return b.String()
}

// originalPosition gives the character position (from 1) in the text before the edits of a position
// in the edited one. Inside a replacement it is where the replaced text began.
func originalPosition(edited string, edits []edit, position int) int {
	offset := 0 // in bytes, of the edited text
	for i := 1; i < position && offset < len(edited); i++ {
		_, size := utf8.DecodeRuneInString(edited[offset:])
		offset += size
	}
	shift, chars := 0, 0 // edited text minus original, up to here
	for _, e := range edits {
		begin := e.start + shift
		if offset < begin {
			break
		}
		if offset < begin+len(e.text) {
			return utf8.RuneCountInString(edited[:begin]) - chars + 1
		}
		shift += len(e.text) - (e.end - e.start)
		chars += utf8.RuneCountInString(e.text) - e.removed
	}
	return position - chars
}
