package chart

import (
	"strings"

	"github.com/rivo/uniseg"
)

// textWidth estimates how many pixels a line takes at a font size, a little on the large side: the
// reader's system chooses the font.
func textWidth(s string, size float64) float64 {
	width := 0.0
	for graphemes := uniseg.NewGraphemes(s); graphemes.Next(); {
		width += graphemeWidth(graphemes)
	}
	return width * size
}

// graphemeWidth is the share of the font size that one character as people count them takes, as in
// Arial or DejaVu Sans.
func graphemeWidth(g *uniseg.Graphemes) float64 {
	if g.Width() > 1 {
		return 1.02
	}
	r := g.Runes()[0]
	switch {
	case g.Width() == 0:
		return 0
	case strings.ContainsRune("ijl.,:;'|!ftrI()[]/ ", r):
		return 0.36
	case strings.ContainsRune("mwMW@%", r):
		return 0.97
	case r >= 'A' && r <= 'Z':
		return 0.70
	case strings.ContainsRune("cksvxyz-", r):
		return 0.57
	}
	return 0.64
}

// fit cuts a text so that it takes no more than width pixels, and marks the cut. Of a text that
// cannot fit at all the mark is left.
func fit(s string, size, width float64) string {
	if textWidth(s, size) <= width {
		return s
	}
	const mark = "…"
	left := width - textWidth(mark, size)
	var out strings.Builder
	for g := uniseg.NewGraphemes(s); g.Next(); {
		left -= graphemeWidth(g) * size
		if left < 0 {
			break
		}
		out.WriteString(g.Str())
	}
	return strings.TrimRight(out.String(), " ") + mark
}
