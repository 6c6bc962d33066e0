package chart

import (
	"math"
	"strconv"
	"strings"

	"github.com/sparkify/dwh/internal/table"
)

// scale maps values to pixels from zero; it always holds zero, or bars would lie.
type scale struct {
	low, high float64 // the ends, low <= 0 <= high
	step      float64 // between two ticks
}

// newScale covers the values with round ends, in about so many steps. Whole numbers get whole
// ticks.
func newScale(low, high float64, steps int, whole bool) scale {
	low, high = min(low, 0), max(high, 0)
	spread := high - low
	if spread == 0 {
		return scale{high: 1, step: 1}
	}
	if math.IsInf(spread, 0) { // both ends of float64's range: the ticks are the ends
		return scale{low: low, high: high, step: math.MaxFloat64}
	}
	power := math.Pow(10, math.Floor(math.Log10(spread/float64(steps))))
	if power == 0 {
		return scale{low: low, high: high, step: max(-low, high)}
	}
	step := power
	for _, nice := range []float64{1, 2, 5, 10} {
		if step = nice * power; spread/step <= float64(steps) {
			break
		}
	}
	if whole {
		step = max(step, 1)
	}
	return scale{low: -ceil(-low, step), high: ceil(high, step), step: step}
}

// ceil is the next multiple of step, or v where that is no number.
func ceil(v, step float64) float64 {
	next := math.Ceil(v/step-1e-9) * step
	if math.IsInf(next, 0) || next == 0 {
		return v
	}
	return next
}

// share is where v stands between the ends, 0 to 1.
func (s scale) share(v float64) float64 {
	// halves: a spread beyond float64's range stays a number
	return (v/2 - s.low/2) / (s.high/2 - s.low/2)
}

// ticks are the multiples of the step from end to end.
func (s scale) ticks() []float64 {
	var out []float64
	for i := math.Ceil(s.low/s.step - 1e-9); len(out) < 50; i++ {
		v := i * s.step
		if v > s.high*(1+1e-9) || math.IsInf(v, 0) {
			break
		}
		out = append(out, v)
	}
	return out
}

// short is a number where room is scarce, as beside a tick: 1,500 and 2.5M.
func short(v float64) string {
	size := math.Abs(v)
	if size >= 1e15 || size != 0 && size < 1e-4 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	for _, unit := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "B"}, {1e6, "M"}} {
		if size >= unit.size {
			text := strconv.FormatFloat(v/unit.size, 'f', 2, 64)
			return strings.TrimRight(strings.TrimRight(text, "0"), ".") + unit.name
		}
	}
	return table.Number(v)
}
