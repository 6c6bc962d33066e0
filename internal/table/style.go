package table

// Style is how a terminal shows a text: its meaning to the reader.
type Style string

// The styles. The zero value changes nothing.
const (
	Plain   Style = ""
	Good    Style = "32" // green: as it should be
	Caution Style = "33" // yellow: worth a look
	Bad     Style = "31" // red: failed
	Faint   Style = "2"  // dim: beside the point, such as a duration
	Strong  Style = "1"  // bold: what the reader looks for, such as a count
)

// paint returns the text with the style's escape sequences, where on.
func (s Style) paint(text string, on bool) string {
	if !on || s == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// Paint returns the text in the style, for a terminal that takes colours.
func (s Style) Paint(text string) string { return s.paint(text, true) }

// styleOf is the style of a column's value.
func (t Table) styleOf(column int, value any) Style {
	if style := t.Columns[column].Style; style != nil {
		return style(plain(value))
	}
	return Plain
}
