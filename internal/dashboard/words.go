package dashboard

import (
	"fmt"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/transform"
)

// number is a count as people read it.
func number(n int64) string { return table.Number(float64(n)) }

// counted is a number with what it counts: "1 row", "1,594 rows".
func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if stem, ok := strings.CutSuffix(what, "y"); ok && !strings.HasSuffix(stem, "a") {
		return number(n) + " " + stem + "ies"
	}
	if strings.HasSuffix(what, "ch") {
		what += "e"
	}
	return number(n) + " " + what + "s"
}

// countOf is what went into a step or came out of it: "1,834 objects"; "" where the journal does
// not know.
func countOf(n *int64, what string) string {
	if n == nil {
		return ""
	}
	return counted(*n, what)
}

// intoStep is what a step started from: a load from objects, a model from rows.
func intoStep(step string, n *int64) string {
	if transform.IsLoad(step) {
		return countOf(n, "object")
	}
	return countOf(n, "row")
}

// words is a duration: "12 ms", "1.3 s", "2 min 5 s", "3 h 4 min", "5 days".
func words(d time.Duration) string {
	switch {
	case d < 0:
		return "0 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return number(int64(d.Hours())/24) + " days"
}

// ago is how long a moment is past, or how far ahead, in one unit, years with one digit. dwh.js
// says the same while the page stands.
func ago(at, now time.Time) string {
	d := now.Sub(at)
	before, after := "", " ago"
	if d < 0 {
		d, before, after = -d, "in ", ""
	}
	s := int64(d.Seconds())
	var text string
	switch {
	case s < 5:
		if before == "" {
			return "just now"
		}
		return "now"
	case s < 60:
		text = counted(s, "second")
	case s < 3600:
		text = counted(s/60, "minute")
	case s < 48*3600:
		text = counted(s/3600, "hour")
	case s < 60*86400:
		text = counted(s/86400, "day")
	case s < 2*365*86400:
		text = counted(s/(30*86400), "month")
	default:
		tenths := s / (365 * 8640)
		text = fmt.Sprintf("%s.%d years", number(tenths/10), tenths%10)
	}
	return before + text + after
}

// moment is a time in UTC, to the second.
func moment(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 UTC") }

// isoTime is a time as machines read it.
func isoTime(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// excerpt is the beginning of a text.
func excerpt(text string, most int) string {
	n := 0
	for i := range text {
		if n++; n > most {
			return text[:i] + "…"
		}
	}
	return text
}

// visible shows control characters, and marks that reorder text, in a text whose line ends and tabs
// stay.
func visible(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i := range lines {
		cells := strings.Split(lines[i], "\t")
		for k := range cells {
			cells[k] = table.Visible(cells[k])
		}
		lines[i] = strings.Join(cells, "\t")
	}
	return strings.Join(lines, "\n")
}

// sentence begins with a capital.
func sentence(text string) string {
	if text != "" && text[0] >= 'a' && text[0] <= 'z' {
		return strings.ToUpper(text[:1]) + text[1:]
	}
	return text
}
