// Package outcome is what a benchmark found: figures with their goals, and how they are shown and
// kept.
package outcome

import "fmt"

// Row is one line of the table.
type Row struct {
	Name   string    `json:"name"`           // what --only calls it
	What   string    `json:"what"`           // what dwh did
	Peer   string    `json:"peer"`           // what it is compared with
	Limit  string    `json:"limit"`          // the best there can be, where somebody knows it
	Goal   Goal      `json:"goal"`           // what the figure should come to
	Values []float64 `json:"values"`         // the figure of each round, in the goal's unit
	Ours   []float64 `json:"ours_seconds"`   // dwh's time of each round
	Theirs []float64 `json:"theirs_seconds"` // the peer's
	Note   string    `json:"note,omitempty"`
	// Missing says why there is no figure: a tool that is not there. It is no failure.
	Missing string `json:"not_measured,omitempty"`
	// Broken says what failed, or which results differed.
	Broken string `json:"broken,omitempty"`
	// Median, Smallest and Largest sum Values up, for those who read the file; Report.Finish sets
	// them.
	Median   *float64 `json:"median,omitempty"`
	Smallest *float64 `json:"min,omitempty"`
	Largest  *float64 `json:"max,omitempty"`
}

// finish fills in what follows from Values.
func (r *Row) finish() {
	r.Median, r.Smallest, r.Largest = nil, nil, nil
	if len(r.Values) == 0 {
		return
	}
	median := Median(r.Values)
	smallest, largest := Range(r.Values)
	r.Median, r.Smallest, r.Largest = &median, &smallest, &largest
}

// measured is the figure in words.
func (r Row) measured() string {
	switch {
	case r.Broken != "":
		return "broken: " + r.Broken
	case r.Missing != "":
		return "not measured: " + r.Missing
	case len(r.Values) == 0:
		return "not measured"
	}
	return r.Goal.Unit.Format(Median(r.Values))
}

// spread is where the rounds lay.
func (r Row) spread() string {
	if len(r.Values) < 2 || r.Broken != "" {
		return ""
	}
	smallest, largest := Range(r.Values)
	return r.Goal.Unit.Format(smallest) + " .. " + r.Goal.Unit.Format(largest)
}

// times are the medians of both sides.
func (r Row) times() string {
	if len(r.Ours) == 0 {
		return ""
	}
	text := fmt.Sprintf("%.2f s", Median(r.Ours))
	if len(r.Theirs) > 0 {
		text += fmt.Sprintf(" / %.2f s", Median(r.Theirs))
	}
	return text
}

// cells are the row as the table shows it.
func (r Row) cells() []any {
	least, aim := r.Goal.bounds()
	if len(r.Values) > 0 && r.Broken == "" {
		median := Median(r.Values)
		least, aim = r.Goal.verdict(median, r.Goal.AtLeast), r.Goal.verdict(median, r.Goal.Aim)
	}
	what := r.What
	if r.Note != "" {
		what += " (" + r.Note + ")"
	}
	return []any{r.Name, what, r.Peer, r.Limit, r.measured(), r.spread(), least, aim, r.times()}
}

// bounds are the goals alone.
func (g Goal) bounds() (least, aim string) {
	if !g.Set() {
		return "–", "–"
	}
	return g.Unit.bound(g.AtLeast), g.Unit.bound(g.Aim)
}
