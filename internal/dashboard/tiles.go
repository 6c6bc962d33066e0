package dashboard

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/sparkify/dwh/internal/chart"
	"github.com/sparkify/dwh/internal/report"
	"github.com/sparkify/dwh/internal/table"
)

// tile is a figure of the newest seven days.
type tile struct {
	report.Figure
	Key     string
	Link    string // to its report
	Spark   template.HTML
	Problem string // why there is none
}

// Period is the days of the figure in words.
func (t tile) Period() string {
	if t.From.Equal(t.To) {
		return t.To.Format(time.DateOnly)
	}
	return t.From.Format(time.DateOnly) + " to " + t.To.Format(time.DateOnly)
}

// Gaps says which days have no data; "" for none.
func (t tile) Gaps() string {
	var texts []string
	tell := func(n int, what string) {
		switch n {
		case 0:
		case 1:
			texts = append(texts, "1 of "+what+" has no data")
		default:
			texts = append(texts, fmt.Sprintf("%d of %s have no data", n, what))
		}
	}
	tell(t.Missing, "7 days")
	if t.Before != "" {
		tell(t.MissingBefore, "the 7 days before")
	}
	return strings.Join(texts, "; ")
}

// Light is the direction of the change.
func (t tile) Light() string { return [...]string{"down", "same", "up"}[t.Trend+1] }

// tilesOf are the tiles of a report's result.
func tilesOf(r report.Report, result result) ([]tile, error) {
	var out []tile
	for i, declared := range r.Tiles {
		figure, some, err := declared.Figure(result.table)
		if err != nil {
			return nil, err
		}
		shown := tile{Figure: figure, Key: fmt.Sprintf("%s %d", r.Name, i), Link: reportPath(r.Name)}
		if some {
			spark := chart.Spark(figure.Spark, 7, sparkLabel(figure))
			shown.Spark = template.HTML(spark) //nolint:gosec // Spark escapes
		} else {
			shown.Title, shown.Problem = declared.Title, "no data yet"
		}
		out = append(out, shown)
	}
	return out, nil
}

// sparkLabel says in words what the line shows.
func sparkLabel(f report.Figure) string {
	least, most := math.Inf(1), math.Inf(-1)
	for _, v := range f.Spark {
		if !math.IsNaN(v) {
			least, most = min(least, v), max(most, v)
		}
	}
	text := table.Visible(f.Title) + ", day by day, " + f.SparkFrom.Format(
		time.DateOnly,
	) + " to " + f.To.Format(time.DateOnly)
	if least > most {
		return text
	}
	return text + ": least " + f.Day(least) + ", most " + f.Day(most)
}

const (
	// tilesWait is how long the start page waits for all of its tiles, tileWait for those of a
	// report.
	tilesWait = 4 * time.Second
	tileWait  = 2 * time.Second
	// tileAgain is how long a report whose tiles failed is not asked again.
	tileAgain = 30 * time.Second
)

// tiles are those of all reports. A report that asks for a range of days is asked for those that a
// tile shows alone, up to the newest day that is known of it.
func (s *site) tiles(ctx context.Context, all []report.Report) (out []tile, again time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, tilesWait)
	defer cancel()
	state, _ := s.source.State()
	for _, r := range all {
		if len(r.Tiles) == 0 {
			continue
		}
		result, err := s.tileResult(ctx, r)
		var shown []tile
		if err == nil {
			shown, err = tilesOf(r, result)
		}
		if err != nil {
			for i, declared := range r.Tiles {
				shown = append(shown, tile{Figure: report.Figure{Title: declared.Title},
					Key: fmt.Sprintf("%s %d", r.Name, i), Link: reportPath(r.Name), Problem: "not known now"})
			}
		} else if state.CommittedAt.After(result.at.Add(-result.took)) {
			again = max(again, max(result.fresh(), 0)+100*time.Millisecond)
		}
		out = append(out, shown...)
	}
	return out, again
}

// tileResult runs a report for its tiles.
func (s *site) tileResult(ctx context.Context, r report.Report) (result, error) {
	if err := s.newest.failed(r); err != nil {
		return result{}, err
	}
	limited, cancel := context.WithTimeout(ctx, tileWait)
	defer cancel()
	found, err := s.tileRows(limited, r)
	if err != nil {
		// the reader went away: nothing is known of the report
		if !errors.Is(ctx.Err(), context.Canceled) {
			s.newest.fail(r, err)
		}
		return result{}, err
	}
	s.newest.learn(r, nil, found)
	return found, nil
}

func (s *site) tileRows(ctx context.Context, r report.Report) (result, error) {
	from, _, ok := rangeOf(r)
	if !ok {
		return s.result(ctx, r, nil)
	}
	newest := s.newest.of(r)
	if newest.IsZero() {
		// that of another report is nearer than today where nothing has come for long
		newest = s.newest.any()
	}
	if newest.IsZero() {
		newest = time.Now().UTC()
	}
	found, err := s.result(
		ctx, r,
		map[string]string{from: newest.AddDate(0, 0, 1-report.TileDays).Format(time.DateOnly)},
	)
	if err != nil || len(found.table.Rows) > 0 {
		return found, err
	}
	return s.result(ctx, r, nil) // nothing is as new: the days that there are
}

// newestDays remembers the newest day of each report that has a column of days.
type newestDays struct {
	mu       sync.Mutex
	days     map[string]time.Time
	failures map[string]tileFailure
}

type tileFailure struct {
	err   error
	until time.Time
}

func newNewestDays() *newestDays {
	return &newestDays{days: map[string]time.Time{}, failures: map[string]tileFailure{}}
}

func keyOf(r report.Report) string { return r.Name + "\x00" + r.Query.SQL() }

func (n *newestDays) of(r report.Report) time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.days[keyOf(r)]
}

// any is the newest day of all reports; zero where none is known.
func (n *newestDays) any() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	var newest time.Time
	for _, day := range n.days {
		if day.After(newest) {
			newest = day
		}
	}
	return newest
}

func (n *newestDays) failed(r report.Report) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if failure := n.failures[keyOf(r)]; time.Now().Before(failure.until) {
		return failure.err
	}
	return nil
}

func (n *newestDays) fail(r report.Report, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.failures[keyOf(r)] = tileFailure{err, time.Now().Add(tileAgain)}
}

// learn takes the newest day over from a result whose range is open at its end.
func (n *newestDays) learn(r report.Report, given map[string]string, found result) {
	for name := range given {
		for _, param := range r.Params {
			if param.Name == name && param.Until() {
				return
			}
		}
	}
	newest := newestOf(r, found.table)
	if newest.IsZero() || found.cut {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.days[keyOf(r)] = newest
}

// newestOf is the newest day that a result tells of: that of its tiles, or that of the days which
// its chart stands over, unless a parameter other than a range chooses among them; zero where it
// tells of none.
func newestOf(r report.Report, t table.Table) time.Time {
	for _, declared := range r.Tiles {
		if figure, some, err := declared.Figure(t); err == nil && some {
			return figure.To
		}
	}
	for _, param := range r.Params {
		if !param.Dated() {
			return time.Time{}
		}
	}
	labels, _ := t.Axes()
	if len(labels) == 0 {
		return time.Time{}
	}
	var newest time.Time
	for row := range t.Rows {
		day, ok := report.DayOf(t.Value(row, labels[0]))
		if !ok {
			return time.Time{}
		}
		if day.After(newest) {
			newest = day
		}
	}
	return newest
}

// newestWait is how long a form waits to learn the newest day.
const newestWait = 1500 * time.Millisecond

// newestDay is the day that ranges of a report end with: the newest of its own result, else that of
// the reports with tiles, else today.
func (s *site) newestDay(ctx context.Context, r report.Report) time.Time {
	if day := s.newest.of(r); !day.IsZero() {
		return day
	}
	if s.newest.any().IsZero() {
		ctx, cancel := context.WithTimeout(ctx, newestWait)
		defer cancel()
		all, _ := s.Reports()
		for _, other := range all {
			if len(other.Tiles) > 0 {
				if _, err := s.tileResult(ctx, other); err == nil {
					break
				}
			}
		}
	}
	if day := s.newest.any(); !day.IsZero() {
		return day
	}
	return time.Now().UTC().Truncate(24 * time.Hour)
}
