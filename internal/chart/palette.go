package chart

import (
	"fmt"
	"strings"
)

// palette is the colours of a chart, as #rrggbb. Texts stand out from the background by 4.5 to 1
// and marks by 3 to 1, as WCAG 2.2 asks (1.4.3, 1.4.11).
type palette struct {
	background, text, muted, grid, axis string
	// blue, orange and so on: told apart by most who are colour-blind
	series [6]string
}

var (
	light = palette{
		background: "#ffffff", text: "#1b1f24", muted: "#57606a", grid: "#e3e7eb", axis: "#8c959f",
		series: [...]string{"#0b6bcb", "#c2500a", "#0f766e", "#7c3aed", "#8a6100", "#be185d"},
	}
	dark = palette{
		background: "#0d1117", text: "#e6edf3", muted: "#9ba5b0", grid: "#252c35", axis: "#6e7681",
		series: [...]string{"#58a6ff", "#ffa657", "#39c5bb", "#bc8cff", "#e3b341", "#ff7eb6"},
	}
)

// Stylesheet is CSS for a page that holds charts: they shrink with the page, and on a dark screen a
// light chart takes the dark colours. It concerns nothing but the charts.
func Stylesheet() string {
	var out strings.Builder
	out.WriteString(".dwh-chart { max-width: 100%; height: auto; }\n")
	out.WriteString("@media screen and (prefers-color-scheme: dark) {\n")
	rule := func(class, property, colour string) {
		fmt.Fprintf(&out, "  .dwh-chart .dwh-%s { %s: %s; }\n", class, property, colour)
	}
	rule("background", "fill", "none")
	rule("text", "fill", dark.text)
	rule("muted", "fill", dark.muted)
	rule("grid", "stroke", dark.grid)
	rule("ground", "fill", dark.grid)
	rule("axis", "stroke", dark.axis)
	for i, colour := range dark.series {
		rule(fmt.Sprintf("mark%d", i), "fill", colour)
		rule(fmt.Sprintf("line%d", i), "stroke", colour)
	}
	out.WriteString("}\n")
	return out.String()
}
