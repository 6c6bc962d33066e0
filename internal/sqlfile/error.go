package sqlfile

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
)

// Error is a fault at a place in a SQL file.
type Error struct {
	File string // its path, as messages show it
	// Line and Column count from 1, columns in characters; 0 means unknown.
	Line, Column int
	Source       string // text of that line with secrets masked, "" if unknown
	Msg          string // what is wrong, in lower case
	Hint         string // what to do next, "" if unknown
	Err          error  // cause, may be nil
}

// Error returns "file:line:col: msg" on one line, without the hint and without parts that are
// unknown.
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File + ":")
	}
	if e.Line > 0 {
		fmt.Fprintf(&b, "%d:", e.Line)
		if e.Column > 0 {
			fmt.Fprintf(&b, "%d:", e.Column)
		}
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	msg := e.Msg
	if msg == "" && e.Err != nil {
		msg = e.Err.Error()
	}
	b.WriteString(strings.Join(strings.Fields(msg), " "))
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Longer source lines are cut to a window around the caret, so that the caret stays in sight.
const (
	maxSnippet    = 200 // characters
	snippetBefore = 100 // characters kept before the caret of a cut line

	zeroWidthJoiner = '\u200d' // joins emoji
)

// Snippet returns the source line and, on a second line, a caret under the column.
// Tabs stay tabs, so that the caret stands right whatever their width; "" when the line is unknown.
func (e *Error) Snippet() string {
	if e.Source == "" || e.Column < 1 {
		return ""
	}
	line := []rune(strings.TrimRight(e.Source, "\r\n"))
	at := min(e.Column-1, len(line))
	for i, r := range line {
		// What a file holds must not steer the reader's terminal.
		if r != '\t' && r != zeroWidthJoiner && unicode.In(r, unicode.Cc, unicode.Cf) {
			line[i] = unicode.ReplacementChar
		}
	}
	before, after := line[:at], line[at:]
	head, tail := "", ""
	if len(line) > maxSnippet {
		if len(before) > snippetBefore {
			before, head = before[len(before)-snippetBefore:], "…"
		}
		if room := maxSnippet - len(before); len(after) > room {
			after, tail = after[:room], "…"
		}
	}
	var pad strings.Builder
	for i, part := range strings.Split(head+string(before), "\t") {
		if i > 0 {
			pad.WriteByte('\t')
		}
		pad.WriteString(strings.Repeat(" ", uniseg.StringWidth(part)))
	}
	return head + string(before) + string(after) + tail + "\n" + pad.String() + "^"
}
