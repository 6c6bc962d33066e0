// Package chart draws a result as a standalone SVG picture.
package chart

// The SVG is written here and not by a charting library: go-analyze/charts, the best kept one, sets
// every look by inline style attributes, which a strict Content-Security-Policy drops, measures
// text by a font without CJK, lets one long label squeeze the bars to nothing and names nothing for
// screen readers.

import (
	"fmt"

	"github.com/sparkify/dwh/internal/table"
)

// Options says how a chart looks.
type Options struct {
	Title         string // above the chart; "": the table's
	Width, Height int    // pixels; 0: what fits a report's page and the rows
	Dark          bool   // for a dark page
	// for a page that has the title already: none is drawn, and no margin; screen readers still
	// hear it
	Bare bool
	// the first chart alone, where measures of different sizes would have one each
	First bool
}

// The least and the default width in pixels; below the least nothing stays readable.
const (
	narrowest    = 240
	defaultWidth = 720
)

// Drawable says whether the table has a measure, without which there is nothing to draw; the chart
// in the terminal has the same rule. A table without rows has none.
func Drawable(t table.Table) bool {
	_, measures := t.Axes()
	return len(measures) > 0
}

// SVG draws the table: bars beside names, the longest first unless the table is a ranking, columns
// or lines over what has an order, and a colour for each value of a second label or for each count.
// Measures of different sizes stand in charts of their own below each other, over the same
// categories. The document is well-formed by itself, has neither scripts, references, ids nor style
// attributes, and may stand in an HTML page any number of times. A table without rows is a picture
// that says so; one with rows and without a measure is a *table.NoMeasureError.
func SVG(t table.Table, o Options) ([]byte, error) {
	for i, row := range t.Rows {
		if len(row) != len(t.Columns) {
			return nil, fmt.Errorf("row %d has %d values for %d columns", i+1, len(row), len(t.Columns))
		}
	}
	if o.Title == "" {
		o.Title = t.Title
	}
	if o.Width <= 0 {
		o.Width = defaultWidth
	}
	o.Width = max(o.Width, narrowest)
	if len(t.Rows) > 0 && !Drawable(t) {
		return nil, t.NoMeasure(o.Title)
	}
	var d drawing
	d.palette = light
	if o.Dark {
		d.palette = dark
	}
	d.width = float64(o.Width)
	shown := o.Title
	d.margin = framed
	if o.Bare {
		shown, d.margin = "", 2
	}
	models := newModels(t)
	if o.First {
		models = models[:1]
	}
	height, summary := 0.0, ""
	each := float64(o.Height) / float64(len(models))
	if len(models) > 1 && o.Height == 0 && models[0].ordered {
		each = panelHeight
	}
	// The charts stand exactly below each other.
	left := 0.0
	if len(models) > 1 {
		for _, m := range models {
			try := drawing{palette: d.palette, width: d.width, margin: d.margin}
			try.draw(m, "", each)
			left = max(left, try.left)
		}
	}
	for i, m := range models {
		panel := drawing{palette: d.palette, width: d.width, margin: d.margin, left: left}
		if i > 0 {
			shown, summary = "", summary+". "
			height += panelGap
		}
		used := panel.draw(m, shown, each)
		d.panel(&panel, height)
		height += used
		summary += m.summary()
	}
	return d.document(summary, o.Title, height), nil
}
