package chart

import (
	"math"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/table"
)

// widestColumn keeps a chart of two days from being two walls.
const widestColumn = 56.0

// mostColumns is how many places get a column each; a line stands for more.
const mostColumns = 62

// columns draws what has an order: columns, or lines for several counts and for many places.
func (d *drawing) columns(m *model, title string, height float64) float64 {
	lines := len(m.categories) > mostColumns || len(m.series) > 1 && !m.stacked && len(m.categories) > 2
	if m.kind != table.PlotAuto {
		lines = m.kind == table.PlotLine
	}
	m.stacked = m.stacked && !lines // lines start from zero each
	top := d.head(m, title) + 12    // room for the number on the highest column
	bottom := height - d.margin - 2*lineHeight
	low, high := m.extent()
	if low < 0 {
		bottom -= textSize + 4 // room for the number under the deepest column
	}
	s := newScale(low, high, max(int((bottom-top)/36), 2), m.whole)
	ticks := s.ticks()
	left := max(d.margin, d.left)
	for _, v := range ticks {
		left = max(left, d.margin+textWidth(short(v), textSize)+8)
	}
	d.left = left
	right := d.width - d.margin
	at := func(v float64) float64 { return bottom - s.share(v)*(bottom-top) }
	for _, v := range ticks {
		if v != 0 {
			d.rule(left, at(v), right, at(v), false)
		}
		d.text(left-8, at(v)+textSize*0.36, textSize, end, false, true, short(v))
	}
	slot := (right - left) / float64(len(m.categories))
	centre := func(i int) float64 { return left + slot*(float64(i)+0.5) }
	if lines {
		d.lines(m, centre, at, slot)
	} else {
		d.upright(m, centre, at, slot)
	}
	d.rule(left, at(0), right, at(0), true)
	if low < 0 {
		bottom += textSize + 4
	}
	d.places(m, centre, slot, left, right, bottom)
	return height
}

// places writes the labels under the plot, as many as there is room for, and what they are.
func (d *drawing) places(m *model, centre func(int) float64, slot, left, right, bottom float64) {
	labels, axis := shortDates(m.categories, m.axis)
	widest := 0.0
	for _, label := range labels {
		widest = max(widest, min(textWidth(label, textSize), 120)+10)
	}
	every := max(int(math.Ceil(widest/slot)), 1)
	for i, free := 0, 0.0; i < len(labels); i += every {
		label := fit(labels[i], textSize, max(slot*float64(every)-4, 40))
		half := textWidth(label, textSize) / 2
		x := min(max(centre(i), d.margin+half), d.width-half)
		if x-half < free {
			continue // moved in from the edge, it would cover the one before
		}
		d.text(x, bottom+textSize+6, textSize, middle, false, true, label)
		free = x + half + 4
	}
	if axis != "" {
		d.text(
			(left+right)/2, bottom+textSize+6+lineHeight, textSize, middle, false, true,
			fit(axis, textSize, right-left),
		)
	}
}

// shortDates writes days and moments of one year as "Nov 1" and "Nov 1 16:00", and moves the year
// to the axis.
func shortDates(labels []string, axis string) (short []string, shortAxis string) {
	for _, layout := range []struct{ long, short string }{
		{time.DateOnly, "Jan 2"}, {"2006-01-02 15:04:00", "Jan 2 15:04"},
	} {
		short, year := make([]string, 0, len(labels)), ""
		for _, label := range labels {
			at, err := time.Parse(layout.long, label)
			if err != nil || year != "" && label[:4] != year {
				break
			}
			year = label[:4]
			short = append(short, at.Format(layout.short))
		}
		if len(short) == len(labels) {
			return short, strings.TrimPrefix(axis+", "+year, ", ")
		}
	}
	return labels, axis
}

// upright draws a column for each value, or a pile for each place.
func (d *drawing) upright(m *model, centre func(int) float64, at func(float64) float64, slot float64) {
	lanes := 1.0
	if !m.stacked {
		lanes = float64(len(m.series))
	}
	width := min(slot*0.72, widestColumn*lanes)
	lane := width / lanes
	fits := true // whether every number has room over its column
	for i := range m.categories {
		for _, s := range m.series {
			fits = fits && textWidth(m.shown(i, s), textSize) <= slot/lanes
		}
	}
	for i := range m.categories {
		sum := 0.0
		x := centre(i) - width/2
		for k, s := range m.series {
			v := s.values[i]
			if math.IsNaN(v) {
				continue
			}
			if m.stacked {
				if v > 0 {
					d.bar(x, at(sum+v), width, max(at(sum)-at(sum+v)-0.5, 0.5), k, m.tip(i, s))
				}
				sum += v
				continue
			}
			laneX := x + lane*float64(k)
			high, low := at(max(v, 0)), at(min(v, 0))
			if v != 0 {
				d.bar(laneX, high, lane-laneGap(lanes), max(low-high, 1), k, m.tip(i, s))
			}
			if y := high - 5; fits && v >= 0 {
				d.text(laneX+lane/2, y, textSize, middle, false, false, s.number(v))
			} else if fits {
				d.text(laneX+lane/2, low+textSize+3, textSize, middle, false, false, s.number(v))
			}
		}
		if _, some := m.total(i); m.stacked && fits && some {
			d.text(centre(i), at(sum)-5, textSize, middle, false, false, m.series[0].number(sum))
		}
	}
}

// mostDots is how many places get a dot on their line.
const mostDots = 120

// lines joins the values of each series; where one is missing the line has a gap, since nobody
// knows what was there.
func (d *drawing) lines(m *model, centre func(int) float64, at func(float64) float64, slot float64) {
	for k, s := range m.series {
		var points [][2]float64
		flush := func() {
			switch {
			case len(points) > 1:
				d.path(points, k)
			case len(points) == 1 && len(m.categories) > mostDots:
				d.dot(points[0][0], points[0][1], 1.5, k, "") // a lone value is no line
			}
			points = nil
		}
		for i := 0; i < len(s.values); {
			v := s.values[i]
			if math.IsNaN(v) {
				flush()
				i++
				continue
			}
			// Several values to a pixel: the least and the most of them are what a drawing can
			// show.
			next, least, most := i+1, v, v
			for next < len(s.values) && float64(next-i)*slot < 0.5 && !math.IsNaN(s.values[next]) {
				least, most = min(least, s.values[next]), max(most, s.values[next])
				next++
			}
			points = append(points, [2]float64{centre(i), at(most)})
			if least < most {
				points = append(points, [2]float64{centre(i), at(least)})
			}
			i = next
		}
		flush()
		if len(m.categories) > mostDots {
			continue
		}
		for i, v := range s.values {
			if !math.IsNaN(v) {
				d.dot(centre(i), at(v), 3, k, m.tip(i, s))
			}
		}
	}
}
