package dashboard

import (
	"net/http"
	"slices"
	"time"

	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/server"
)

// overviewBody is what the overview shows.
type overviewBody struct {
	State      server.State
	Look       look
	Newest     string   // the name of the tile about the newest record; "" for none
	Problem    *problem // why the warehouse could not be asked
	LastCommit time.Time
	Tiles      []tile
	Layers     []layerCounts
	Checks     []checkLight
	CheckedAt  time.Time // of the check that was made last
	// of the one that was made longest ago, when that differs by more than a minute
	CheckedFrom time.Time
	Tally       tally
	Batches     []server.Batch
	Runs        []runRow
	GivenUp     []givenUp
	Quarantined []server.Quarantine // where the warehouse cannot be asked
}

// layerCounts are the tables of a layer.
type layerCounts struct {
	Name   string
	Tables []tableCount
}

// checkLight is a check and what it last found.
type checkLight struct {
	Name, Description, Severity, Outcome string
	Violations                           int64
	CheckedAt                            time.Time
	Off                                  string // why it is turned off, where that is known
}

// Expected is the description; of a check that found violations it is what should hold.
func (c checkLight) Expected() string {
	switch {
	case c.Outcome == "off" && c.Off != "":
		return c.Off
	case c.Violations > 0 && c.Description != "":
		return "Expected: " + c.Description
	}
	return c.Description
}

// tally counts outcomes.
type tally struct{ OK, Warn, Fail, Off int }

func (t *tally) add(outcome string) {
	switch outcome {
	case "ok":
		t.OK++
	case "warn":
		t.Warn++
	case "fail":
		t.Fail++
	default:
		t.Off++
	}
}

// Outcome is the worst of them.
func (t tally) Outcome() string {
	switch {
	case t.Fail > 0:
		return "fail"
	case t.Warn > 0:
		return "warn"
	case t.OK > 0:
		return "ok"
	}
	return "off"
}

// givenUp is an object that could not be loaded.
type givenUp struct {
	dwhdb.GivenUpObjectsRow
	Link string
}

// GivenUpCount is how many objects are quarantined or unreadable; "" for none.
func (b overviewBody) GivenUpCount() string {
	n := max(len(b.GivenUp), len(b.Quarantined))
	switch {
	case n == 0:
		return ""
	case n == shownGivenUp:
		return number(int64(n)) + " or more"
	}
	return number(int64(n))
}

// shownBatches is how many of the latest batches the overview lists.
const shownBatches = 8

// newestName is the name of the tile about the newest record; "" for none.
func (s *site) newestName() string {
	if s.Options.Newest == nil {
		return ""
	}
	return s.Options.Newest.Name
}

func (s *site) overview(r *http.Request) (answer, error) {
	state, _ := s.source.State()
	found, err := s.look(r.Context(), state)
	if err != nil {
		return nil, err
	}
	body := overviewBody{
		State: state, Look: found, Newest: s.newestName(), LastCommit: state.CommittedAt,
		Batches: state.Batches[:min(len(state.Batches), shownBatches)],
	}
	if found.DoneAt.After(body.LastCommit) {
		body.LastCommit = found.DoneAt
	}
	if found.Err != nil {
		p := problemOf(found.Err)
		body.Problem = &p
		body.Quarantined = state.Quarantined
	}
	for _, count := range found.Counts {
		if n := len(body.Layers); n == 0 || body.Layers[n-1].Name != count.Layer {
			body.Layers = append(body.Layers, layerCounts{Name: count.Layer})
		}
		last := &body.Layers[len(body.Layers)-1]
		last.Tables = append(last.Tables, count)
	}
	body.Checks, body.CheckedAt = s.lights(state, found.Checks)
	for _, check := range body.Checks {
		body.Tally.add(check.Outcome)
		if !check.CheckedAt.IsZero() && (body.CheckedFrom.IsZero() || check.CheckedAt.Before(body.CheckedFrom)) {
			body.CheckedFrom = check.CheckedAt
		}
	}
	if body.CheckedAt.Sub(body.CheckedFrom) <= time.Minute {
		body.CheckedFrom = time.Time{}
	}
	changes := changesOf(found.RunSteps, s.Steps)
	for _, run := range found.Runs {
		row := newRunRow(run, state)
		row.Changed = changes[run.RunID]
		body.Runs = append(body.Runs, row)
	}
	for _, row := range found.GivenUp {
		body.GivenUp = append(body.GivenUp, givenUp{row, rejectLink(row.LoadID, row.TableName, row.Url, 0)})
	}
	var again time.Duration
	if found.Err == nil {
		all, _ := s.Reports() // the page of reports says what is wrong with them
		body.Tiles, again = s.tiles(r.Context(), all)
	}
	page := view{name: "overview", Title: "Overview", Nav: "Overview", Body: body, Again: again}
	if found.Err != nil {
		page.Again = unavailableAgain
	}
	return page, nil
}

// lights are the checks in their own order: what the server's last full check found, or the journal
// where that is newer. Those that are new to it have not run.
func (s *site) lights(state server.State, journal []dwhdb.DwhCheck) ([]checkLight, time.Time) {
	found := map[string]checkLight{}
	var latest time.Time
	for _, dwhCheck := range journal {
		found[dwhCheck.Name] = checkLight{
			Name: dwhCheck.Name, Severity: dwhCheck.Severity, Outcome: dwhCheck.Outcome,
			Violations: dwhCheck.Violations, CheckedAt: dwhCheck.CheckedAt,
		}
		if dwhCheck.CheckedAt.After(latest) {
			latest = dwhCheck.CheckedAt
		}
	}
	for _, check := range state.Checks {
		if !found[check.Name].CheckedAt.After(check.At) {
			found[check.Name] = checkLight{
				Name: check.Name, Description: check.Description, Severity: string(
					check.Severity,
				), Outcome: check.Outcome,
				Violations: check.Violations, CheckedAt: check.At,
			}
		}
		if check.At.After(latest) {
			latest = check.At
		}
	}
	var out []checkLight
	for _, check := range s.Checks {
		light, ok := found[check.Name]
		if !ok {
			light = checkLight{Name: check.Name, Severity: string(check.Severity), Outcome: "not run yet"}
		}
		light.Description, light.Off = check.Description, check.Off
		if check.Limit != nil {
			light.Description += ": " + check.Limit(s.Settings)
		}
		out = append(out, light)
	}
	// What fails stands first: that is what one looks for.
	slices.SortStableFunc(out, func(a, b checkLight) int { return outcomeRank(a.Outcome) - outcomeRank(b.Outcome) })
	return out, latest
}

func outcomeRank(outcome string) int {
	order := []string{"fail", "warn", "ok"}
	if at := slices.Index(order, outcome); at >= 0 {
		return at
	}
	return len(order)
}
