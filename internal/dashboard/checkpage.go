package dashboard

import (
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/table"
)

// checkBody is what the page of a check shows.
type checkBody struct {
	checkLight
	Hint       string
	Reads      []string
	Query      template.HTML
	Problem    *problem // why the warehouse could not be asked
	Refused    []refusal
	History    []checkRow
	Spark      *historyLine
	Found      *violations // nil where none were found last, or it is turned off
	Rows       template.HTML
	FoundFault *problem
}

// violations are those that there are now.
type violations struct {
	Count, Kept int64 // all of them, and those shown
	At          time.Time
	Took        time.Duration
}

// checkRow is what a check found in a run.
type checkRow struct {
	dwhdb.DwhCheck
	Link string // to its run; "" where dwh check or this server found it outside a run
}

// checkPath is the address of a check's page.
func checkPath(name string) string { return "/checks/" + url.PathEscape(name) }

// checkPage shows a check: its query, what it found when it was last made, and the violations that
// there are.
func (s *site) checkPage(r *http.Request) (answer, error) {
	ctx, name := r.Context(), r.PathValue("name")
	i := slices.IndexFunc(s.Checks, func(c check.Check) bool { return c.Name == name })
	if i < 0 {
		return nil, &missingError{
			what:   fmt.Sprintf("check %q", excerpt(name, 80)),
			advice: "the overview lists the checks",
		}
	}
	item := s.Checks[i]
	body := checkBody{Hint: item.Hint, Reads: s.checkReads[name]}
	body.Query = highlight(strings.TrimSpace(item.Query.SQL()))
	state, _ := s.source.State()
	entry, err := s.look(ctx, state)
	if err != nil {
		return nil, err
	}
	lights, _ := s.lights(state, entry.Checks)
	body.checkLight = lights[slices.IndexFunc(lights, func(l checkLight) bool { return l.Name == name })]
	body.Refused = refusals(entry, state, name)
	page := view{name: "check", Title: name, Nav: "Overview"}
	if err := s.fillCheck(ctx, &body); err != nil {
		p := problemOf(err)
		body.Problem, page.Again = &p, againAfter(p.Status)
	} else if body.Violations > 0 {
		if err := s.fillViolations(ctx, item, &body); err != nil {
			p := problemOf(err)
			body.FoundFault = &p
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	page.Body = body
	return page, nil
}

// fillCheck reads the journal.
func (s *site) fillCheck(ctx context.Context, body *checkBody) error {
	var found []dwhdb.DwhCheck
	var madeBy []string
	if err := s.warehouse.read(ctx, func(tx pgx.Tx) (err error) {
		if madeBy, err = dwhdb.New(tx).CheckRuns(ctx, body.Name); err != nil {
			return err
		}
		found, err = dwhdb.New(tx).CheckHistory(ctx, body.Name, historyRuns)
		return err
	}); err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	// The latest of each run: one may make a check for each batch, and once more over everything.
	runs := map[string]bool{}
	found = slices.DeleteFunc(found, func(c dwhdb.DwhCheck) bool {
		twice := runs[c.RunID]
		runs[c.RunID] = true
		return twice
	})
	var counts []float64
	// The journal gets what a server finds when its run ends.
	if !body.CheckedAt.IsZero() && (len(found) == 0 || body.CheckedAt.After(found[0].CheckedAt)) {
		live := dwhdb.DwhCheck{Name: body.Name, Outcome: body.Outcome, Violations: body.Violations,
			CheckedAt: body.CheckedAt}
		found = slices.Insert(found, 0, live)
	}
	for _, row := range found {
		value := float64(row.Violations)
		if row.Outcome == "off" {
			value = math.NaN()
		}
		counts = append(counts, value)
		if len(body.History) < listedRuns {
			shown := checkRow{DwhCheck: row}
			if slices.Contains(madeBy, row.RunID) {
				shown.Link = "/runs/" + url.PathEscape(row.RunID)
			}
			body.History = append(body.History, shown)
		}
	}
	slices.Reverse(counts)
	if slices.ContainsFunc(counts, func(v float64) bool { return v > 0 }) {
		label := fmt.Sprintf("Violations of %s in the latest %s", body.Name, counted(int64(len(counts)), "run"))
		body.Spark = newHistoryLine(counts, "Violations", label)
	}
	return nil
}

// fillViolations makes the check, unless that was done just now.
func (s *site) fillViolations(ctx context.Context, c check.Check, body *checkBody) error {
	text, err := json.Marshal([]any{"check", c.Name, c.Query.SQL()})
	if err != nil {
		return err
	}
	key := hashOf(text)
	found, ok := s.results.get(key)
	if !ok {
		settings := s.Settings
		settings.Now = time.Now()
		started := time.Now()
		var result check.Result
		if err := s.warehouse.read(ctx, func(tx pgx.Tx) (err error) {
			result, err = c.Run(ctx, tx, settings)
			return err
		}); err != nil {
			return err
		}
		if result.Skipped {
			return nil
		}
		found.key, found.table, found.count = key, result.Rows, result.Violations
		found.at, found.took = time.Now(), time.Since(started)
		s.results.put(found)
	}
	body.Found = &violations{Count: found.count, Kept: int64(len(found.table.Rows)), At: found.at, Took: found.took}
	rows := table.HTMLTable(found.table, "Violations of "+c.Name)
	body.Rows = template.HTML(rows) //nolint:gosec // HTMLTable escapes
	return nil
}
