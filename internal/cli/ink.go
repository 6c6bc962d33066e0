package cli

import (
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/table"
)

// ink colours words where a stream takes colours. Colour says what words say too: nothing is lost
// without it.
type ink bool

// ink is that of Stdout, errInk that of Stderr.
func (o *Output) ink() ink    { return ink(o.Color) }
func (o *Output) errInk() ink { return ink(o.ErrColor) }

func (i ink) dye(style table.Style, text string) string {
	if !i || style == table.Plain || text == "" {
		return text
	}
	return style.Paint(text)
}

// counted is "1,594 rows" with a bold number; none is not bold.
func (i ink) counted(n int64, what string) string {
	number, word, _ := strings.Cut(counted(n, what), " ")
	return i.dye(strong(n), number) + " " + word
}

// took is a duration in dim parentheses.
func (i ink) took(d time.Duration) string { return i.dye(table.Faint, "("+seconds(d)+")") }

// outcome is a word such as "ok" in its colour.
func (i ink) outcome(word string) string { return i.dye(outcomeStyle(word), word) }

// outcomeStyle colours what became of something: green for what is as it should be, yellow for what
// is worth a look, red for what failed.
func outcomeStyle(value any) table.Style {
	word, _ := value.(string)
	switch word {
	case "ok", "done", "applied", "loaded", "passed", "current":
		return table.Good
	case "warn", "warning", "pending", "interrupted", "skipped", "quarantined", "stale", "rejected", "reverted":
		return table.Caution
	case "off", "not run":
		return table.Faint
	}
	if strings.Contains(word, "fail") || word == "error" {
		return table.Bad
	}
	return table.Plain
}

// faint is the style of what is beside the point.
func faint(any) table.Style { return table.Faint }

// strong is the style of a count; none is nothing to look at.
func strong(value any) table.Style {
	if n, ok := value.(int64); ok && n == 0 {
		return table.Plain
	}
	return table.Strong
}

// column describes one column of a command's table.
type column struct {
	name   string
	narrow table.Narrow
	style  func(value any) table.Style
}

// columns are a command's columns, with what becomes of them on a narrow terminal.
func columns(list ...column) []table.Column {
	out := make([]table.Column, len(list))
	for i, c := range list {
		out[i] = table.Column{Name: c.name, Narrow: c.narrow, Style: c.style}
	}
	return out
}
