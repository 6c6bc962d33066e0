package chart

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"github.com/sparkify/dwh/internal/table"
)

// fonts are those of the reader's system; the picture loads none.
const fonts = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif"

// drawing is a picture in the making. Looks are presentation attributes: a page's
// Content-Security-Policy does not drop those, and its stylesheet may override them by class.
type drawing struct {
	palette palette
	width   float64 // pixels
	margin  float64 // pixels round it
	left    float64 // where columns begin at the least; drawing them moves it
	body    strings.Builder
}

// panel takes over a drawing, so many pixels from the top.
func (d *drawing) panel(p *drawing, y float64) {
	if y == 0 {
		d.body.WriteString(p.body.String())
		return
	}
	fmt.Fprintf(&d.body, `<g transform="translate(0 %s)">`+"\n%s</g>\n", px(round(y)), p.body.String())
}

// escape makes a text safe inside an element or an attribute; control characters are shown, not
// obeyed.
func escape(s string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(table.Visible(s))) // a bytes.Buffer takes everything
	return out.String()
}

// px writes a coordinate: a tenth of a pixel is fine enough.
func px(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func round(v float64) float64 {
	n, err := strconv.ParseFloat(strconv.FormatFloat(v, 'f', 1, 64), 64)
	if err != nil || n == 0 {
		return 0 // and no "-0"
	}
	return n
}

type anchor string

const (
	start  anchor = "start"
	middle anchor = "middle"
	end    anchor = "end"
)

// text writes one line whose baseline is at y.
func (d *drawing) text(x, y, size float64, at anchor, bold, muted bool, s string) {
	class, colour := "text", d.palette.text
	if muted {
		class, colour = "muted", d.palette.muted
	}
	weight := ""
	if bold {
		weight = ` font-weight="600"`
	}
	fmt.Fprintf(
		&d.body,
		`<text class="dwh-%s" x="%s" y="%s" font-size="%s" text-anchor="%s"%s fill="%s">%s</text>`+"\n",
		class, px(round(x)), px(round(y)), px(size), at, weight, colour, escape(s),
	)
}

// bar writes a rectangle in a series' colour; tip is what a pointer on it shows.
func (d *drawing) bar(x, y, width, height float64, series int, tip string) {
	series %= len(d.palette.series)
	fmt.Fprintf(&d.body, `<rect class="dwh-mark%d" x="%s" y="%s" width="%s" height="%s" fill="%s">`,
		series, px(round(x)), px(round(y)), px(round(max(width, 0))), px(
			round(max(height, 0)),
		), d.palette.series[series])
	if tip != "" {
		d.body.WriteString("<title>" + escape(tip) + "</title>")
	}
	d.body.WriteString("</rect>\n")
}

// dot writes a point of a line.
func (d *drawing) dot(x, y, radius float64, series int, tip string) {
	series %= len(d.palette.series)
	fmt.Fprintf(
		&d.body, `<circle class="dwh-mark%d" cx="%s" cy="%s" r="%s" fill="%s">`, series,
		px(round(x)), px(round(y)), px(radius), d.palette.series[series],
	)
	if tip != "" {
		d.body.WriteString("<title>" + escape(tip) + "</title>")
	}
	d.body.WriteString("</circle>\n")
}

// path joins points by a line in a series' colour.
func (d *drawing) path(points [][2]float64, series int) {
	series %= len(d.palette.series)
	coordinates := make([]string, len(points))
	for i, p := range points {
		coordinates[i] = px(round(p[0])) + "," + px(round(p[1]))
	}
	fmt.Fprintf(
		&d.body,
		`<polyline class="dwh-line%d" points="%s" fill="none" stroke="%s" stroke-width="2" `+
			`stroke-linejoin="round" stroke-linecap="round"/>`+"\n",
		series, strings.Join(coordinates, " "), d.palette.series[series],
	)
}

// rule writes a straight line of the scale: the zero line, or a faint one to read values by.
func (d *drawing) rule(x1, y1, x2, y2 float64, zero bool) {
	class, colour := "grid", d.palette.grid
	if zero {
		class, colour = "axis", d.palette.axis
	}
	fmt.Fprintf(&d.body, `<line class="dwh-%s" x1="%s" y1="%s" x2="%s" y2="%s" stroke="%s"/>`+"\n",
		class, px(round(x1)), px(round(y1)), px(round(x2)), px(round(y2)), colour)
}

// ground is a stretch of the picture, from top to bottom, that stands out a little.
func (d *drawing) ground(x, width, height float64) {
	fmt.Fprintf(&d.body, `<rect class="dwh-ground" x="%s" y="0" width="%s" height="%s" fill="%s"/>`+"\n",
		px(round(x)), px(round(width)), px(height), d.palette.grid)
}

// spark closes a picture that stands in a line of a page: it has no ground and no words but its
// label.
func (d *drawing) spark(label string, height float64) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" class="dwh-chart dwh-spark" role="img" `+
		`aria-label="%s" width="%s" height="%s" viewBox="0 0 %s %s">`+"\n",
		escape(label), px(d.width), px(height), px(d.width), px(height))
	out.WriteString(d.body.String())
	out.WriteString("</svg>\n")
	return out.Bytes()
}

// document closes the picture. Its name and summary stand in an attribute as well as in title and
// desc: what refers to them would need ids, which clash when a page holds two charts.
func (d *drawing) document(summary, title string, height float64) []byte {
	if title == "" {
		title = "chart"
	}
	var out bytes.Buffer
	fmt.Fprintf(
		&out,
		`<svg xmlns="http://www.w3.org/2000/svg" class="dwh-chart" role="img" aria-label="%s" `+
			`width="%s" height="%s" viewBox="0 0 %s %s" font-family="%s">`+"\n",
		escape(title+": "+summary), px(d.width), px(height), px(d.width), px(height), escape(fonts),
	)
	out.WriteString("<title>" + escape(title) + "</title>\n<desc>" + escape(summary) + "</desc>\n")
	fmt.Fprintf(
		&out, `<rect class="dwh-background" width="%s" height="%s" fill="%s"/>`+"\n", px(d.width),
		px(height), d.palette.background,
	)
	out.WriteString(d.body.String())
	out.WriteString("</svg>\n")
	return out.Bytes()
}
