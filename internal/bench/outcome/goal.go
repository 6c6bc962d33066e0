package outcome

import (
	"fmt"
	"math"
)

// Unit is what a row's figures count.
type Unit string

// The units.
const (
	// so many times the peer's speed, or the peer's time where Lower
	Times            Unit = "x"
	Percent          Unit = "%"           // of the peer's time
	Milliseconds     Unit = "ms"          // more than the peer
	Mebibytes        Unit = "MiB"         // of resident memory
	SecondsOfMillion Unit = "s a million" // seconds for a million events
)

// Format writes a figure with its unit.
func (u Unit) Format(v float64) string {
	switch u {
	case Times:
		return fmt.Sprintf("%.2fx", v)
	case Percent:
		return fmt.Sprintf("%.1f %%", v)
	case Milliseconds:
		return fmt.Sprintf("%+.0f ms", v)
	case Mebibytes:
		return fmt.Sprintf("%.0f MiB", v)
	default:
		return fmt.Sprintf("%.1f %s", v, u)
	}
}

// Goal is what a figure should come to. The zero value is no goal.
type Goal struct {
	Unit    Unit    `json:"unit"`
	AtLeast float64 `json:"at_least"`
	Aim     float64 `json:"aim"`
	Lower   bool    `json:"lower"` // a smaller figure is better
}

// Set tells whether there is a goal at all.
func (g Goal) Set() bool { return g.AtLeast != 0 || g.Aim != 0 }

// Met tells whether a figure reaches a bound: AtLeast or Aim. What is no number reaches none.
func (g Goal) Met(v, bound float64) bool {
	if math.IsNaN(v) {
		return false
	}
	if g.Lower {
		return v <= bound
	}
	return v >= bound
}

// verdict is a bound with whether it is met.
func (g Goal) verdict(v, bound float64) string {
	if !g.Set() {
		return "–"
	}
	word := "missed"
	if g.Met(v, bound) {
		word = "met"
	}
	return g.Unit.bound(bound) + " " + word
}

// bound writes a goal as people say it, without decimals that tell nothing.
func (u Unit) bound(v float64) string {
	switch u {
	case Times:
		return fmt.Sprintf("%.1fx", v)
	case Percent:
		return fmt.Sprintf("%g %%", v)
	default:
		return u.Format(v)
	}
}
