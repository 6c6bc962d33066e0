package chart

import (
	"math"

	"github.com/sparkify/dwh/internal/table"
)

// The sizes in pixels that all charts share.
const (
	framed       = 16.0 // round a picture that stands by itself
	titleSize    = 16.0
	textSize     = 12.0
	titleHeight  = 26.0
	lineHeight   = 20.0
	swatch       = 10.0
	columnHeight = 320.0 // of a chart over something ordered, unless told
	panelHeight  = 220.0 // of one of several such charts
	panelGap     = 10.0  // between two of them
)

// draw draws the model and returns the height used.
func (d *drawing) draw(m *model, title string, height float64) float64 {
	if len(m.series) == 0 {
		y := d.head(m, title)
		d.text(d.margin, y+textSize, textSize, start, false, true, "no rows")
		return max(height, y+textSize+d.margin)
	}
	if m.ordered {
		if height == 0 {
			height = columnHeight
		}
		return d.columns(m, title, max(height, 160))
	}
	return d.bars(m, title, height)
}

// head writes title, subtitle and legend and returns the y where the plot begins.
func (d *drawing) head(m *model, title string) float64 { return d.headAt(m, title, d.margin) }

// headAt is head with the subtitle over the bars, which begin at x.
func (d *drawing) headAt(m *model, title string, x float64) float64 {
	y := d.margin
	if title != "" {
		d.text(
			d.margin, y+titleSize-2, titleSize, start, true, false,
			fit(table.Visible(title), titleSize*1.05, d.width-2*d.margin),
		)
		y += titleHeight
	}
	if s := m.subtitle(); s != "" {
		if textWidth(s, textSize) > d.width-d.margin-x {
			x = d.margin
		}
		d.text(x, y+textSize-2, textSize, start, false, true, fit(s, textSize, d.width-d.margin-x))
		y += lineHeight
	}
	if len(m.series) > 1 {
		y = d.legend(m, y)
	}
	return y + 4
}

// legend names the series, on as many lines as it takes.
func (d *drawing) legend(m *model, y float64) float64 {
	x := d.margin
	for i, s := range m.series {
		name := fit(s.name, textSize, min(d.width-2*d.margin-swatch-6, 260))
		width := swatch + 6 + textWidth(name, textSize) + 16
		if x > d.margin && x+width > d.width-d.margin {
			x, y = d.margin, y+lineHeight
		}
		d.bar(x, y, swatch, swatch, i, "")
		d.text(x+swatch+6, y+swatch-0.5, textSize, start, false, false, name)
		x += width
	}
	return y + lineHeight
}

// mostBars is how many categories a chart without a given height shows: more than a printed page
// holds, nobody compares.
const mostBars = 40

// bars draws names with bars beside them.
func (d *drawing) bars(m *model, title string, height float64) float64 {
	lanes := 1.0 // bars in a category
	if !m.stacked {
		lanes = float64(len(m.series))
	}
	thick, gap := 16.0, 8.0
	if lanes > 1 {
		thick, gap = 12, 10
	}
	pitch := lanes*thick + gap
	most := max(int(mostBars/lanes), 12)
	if height > 0 {
		most = max(int((height-d.margin-96)/(lanes*10+4)), 1)
	}
	m.largest(most)
	probe := drawing{palette: d.palette, width: d.width, margin: d.margin}
	top := probe.head(m, title)
	if height > 0 {
		height = max(height, top+d.margin+10*lanes)
		pitch = min((height-top-d.margin)/float64(len(m.categories)), 1.6*pitch)
		gap = pitch * 0.3
		thick = (pitch - gap) / lanes
	} else {
		height = top + pitch*float64(len(m.categories)) + d.margin
	}
	labelWidth := 0.0
	for _, label := range m.categories {
		labelWidth = max(labelWidth, textWidth(label, textSize))
	}
	valueWidth := m.widestNumber()
	if valueWidth > d.width*0.2 {
		m.compact = true
		valueWidth = m.widestNumber()
	}
	low, high := m.extent()
	sides := valueWidth + 6
	if low < 0 {
		sides *= 2
	}
	inside := d.width - 2*d.margin
	labelWidth = min(labelWidth, inside*0.4, max(inside-8-sides-60, 24))
	left, right := d.margin+labelWidth+8, d.width-d.margin-valueWidth-6
	if labelWidth == 0 {
		left = d.margin
	}
	d.headAt(m, title, left)
	if low < 0 {
		left += valueWidth + 6
	}
	right = max(right, left+20)
	s := scale{low: low, high: high}
	if low == high {
		s.high = 1
	}
	at := func(v float64) float64 { return left + s.share(v)*(right-left) }
	zero := at(0)
	for i, label := range m.categories {
		y := top + pitch*float64(i) + gap/2
		if label != "" {
			d.text(
				d.margin+labelWidth, y+lanes*thick/2+textSize*0.36, textSize, end, false, false,
				fit(label, textSize, labelWidth),
			)
		}
		if m.stacked {
			d.stack(m, i, y, thick, zero, at)
			continue
		}
		for k, item := range m.series {
			v := item.values[i]
			laneY := y + float64(k)*thick
			textY := laneY + thick/2 + textSize*0.36
			switch {
			case math.IsNaN(v):
				d.text(zero+6, textY, textSize, start, false, true, "–")
			case v < 0:
				from := min(at(v), zero-1)
				d.bar(from, laneY, zero-from, thick-laneGap(lanes), k, m.tip(i, item))
				d.text(from-6, textY, textSize, end, false, false, m.shown(i, item))
			default:
				to := at(v)
				if v > 0 {
					to = max(to, zero+1) // whatever is there is seen
					d.bar(zero, laneY, to-zero, thick-laneGap(lanes), k, m.tip(i, item))
				}
				d.text(to+6, textY, textSize, start, false, false, m.shown(i, item))
			}
		}
	}
	d.rule(zero, top, zero, top+pitch*float64(len(m.categories)), true)
	return height
}

// laneGap keeps neighbours of different colours apart.
func laneGap(lanes float64) float64 {
	if lanes > 1 {
		return 1
	}
	return 0
}

// stack draws the parts of one category side by side, and their sum behind them.
func (d *drawing) stack(m *model, category int, y, thick, zero float64, at func(float64) float64) {
	sum := 0.0
	for k, s := range m.series {
		v := s.values[category]
		if math.IsNaN(v) || v == 0 {
			continue
		}
		from, to := at(sum), at(sum+v)
		d.bar(from, y, max(to-from-0.5, 0.5), thick, k, m.tip(category, s))
		sum += v
	}
	d.text(max(at(sum), zero)+6, y+thick/2+textSize*0.36, textSize, start, false, false, m.shown(category, m.series[0]))
}

// shown is the number behind a bar: its value, or the sum of the stack.
func (m *model) shown(category int, s series) string {
	v := s.values[category]
	if m.stacked {
		sum, some := m.total(category)
		if v = sum; !some {
			v = math.NaN()
		}
	}
	switch {
	case math.IsNaN(v):
		return "–"
	case m.compact:
		return short(v)
	}
	return s.number(v)
}

// widestNumber is the width in pixels of the widest number that is shown.
func (m *model) widestNumber() float64 {
	width := 0.0
	for i := range m.categories {
		for _, s := range m.series {
			width = max(width, textWidth(m.shown(i, s), textSize))
		}
	}
	return width
}
