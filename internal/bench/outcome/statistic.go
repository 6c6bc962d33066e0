package outcome

import (
	"math"
	"slices"
)

// Median is the middle one of the values, the mean of the two in the middle of an even number, NaN
// of none. The values stay as they are.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Range is the smallest and the largest value, NaN of none.
func Range(values []float64) (smallest, largest float64) {
	if len(values) == 0 {
		return math.NaN(), math.NaN()
	}
	return slices.Min(values), slices.Max(values)
}

// Speedups are, round by round, how many times faster ours was than theirs: what ran side by side
// is compared, so that a machine that gets slower halfway does not speak for either.
func Speedups(ours, theirs []float64) []float64 {
	return paired(ours, theirs, func(a, b float64) float64 { return b / a })
}

// Costs are, round by round, how many times theirs ours took.
func Costs(ours, theirs []float64) []float64 {
	return paired(ours, theirs, func(a, b float64) float64 { return a / b })
}

// Shares are Costs in percent.
func Shares(ours, theirs []float64) []float64 {
	return paired(ours, theirs, func(a, b float64) float64 { return 100 * a / b })
}

// Delays are, round by round, how many milliseconds more ours took, of times in seconds.
func Delays(ours, theirs []float64) []float64 {
	return paired(ours, theirs, func(a, b float64) float64 { return 1000 * (a - b) })
}

func paired(ours, theirs []float64, f func(a, b float64) float64) []float64 {
	out := make([]float64, 0, len(ours))
	for i := range min(len(ours), len(theirs)) {
		out = append(out, f(ours[i], theirs[i]))
	}
	return out
}
