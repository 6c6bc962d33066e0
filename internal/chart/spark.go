package chart

import (
	"math"
)

// The size of a sparkline in pixels.
const (
	sparkWidth  = 180.0
	sparkHeight = 36.0
)

// Spark draws a small line without axes, such as one beside a figure: the values of neighbouring
// days, NaN where a day has none. The last values, so many as recent says, stand before a ground of
// their own. label is what a screen reader says. The picture is as safe in a page as that of SVG.
func Spark(values []float64, recent int, label string) []byte {
	d := drawing{palette: light, width: sparkWidth}
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if !math.IsNaN(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	low = min(low, 0) // as in every chart here: a line from zero does not exaggerate
	s := scale{low: low, high: max(high, low+1e-300)}
	const edge = 3.0
	step := (sparkWidth - 2*edge) / math.Max(float64(len(values)-1), 1)
	x := func(i int) float64 { return edge + step*float64(i) }
	y := func(v float64) float64 { return sparkHeight - edge - s.share(v)*(sparkHeight-2*edge) }
	if first := len(values) - recent; recent > 0 && first > 0 {
		from := x(first) - step/2
		d.ground(from, sparkWidth-from, sparkHeight)
	}
	var points [][2]float64
	flush := func() {
		switch {
		case len(points) > 1:
			d.path(points, 0)
		case len(points) == 1:
			d.dot(points[0][0], points[0][1], 1.5, 0, "")
		}
		points = nil
	}
	last := -1
	for i, v := range values {
		if math.IsNaN(v) {
			flush()
			continue
		}
		last = i
		points = append(points, [2]float64{x(i), y(v)})
	}
	flush()
	if last >= 0 {
		d.dot(x(last), y(values[last]), 2.5, 0, "")
	}
	return d.spark(label, sparkHeight)
}
