package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/transform"
)

// watcher shows a run to people: a bar for the step that runs, a line for each that is done.
type watcher struct {
	out  *Output
	pace *pace // nil where nothing is known
	bar  *Progress
}

// newWatcher returns a watcher that knows from the warehouse's journal how long steps take.
func (s *session) newWatcher() *watcher {
	return &watcher{out: s.app.out, pace: &pace{journal: dwhdb.New(s.warehouse.Pool())}}
}

// watched returns a runner over a warehouse whose migrations are applied, and what tells of its
// steps. The caller stops the watcher.
func (s *session) watched(ctx context.Context, noReplay bool) (*transform.Runner, *watcher, error) {
	if err := s.requireCurrent(ctx); err != nil {
		return nil, nil, err
	}
	watch := s.newWatcher()
	runner, err := s.runner(runs{noReplay: noReplay}, watch.event)
	if err != nil {
		watch.stop()
		return nil, nil, err
	}
	return runner, watch, nil
}

// event implements progress.Observer.
func (w *watcher) event(e progress.Event) {
	switch e.Kind {
	case progress.Note:
		w.out.Status("%s", withStep(e.Step, e.Text))
	case progress.Warning:
		w.out.Warn("%s", withStep(e.Step, e.Text))
	case progress.StepStarted:
		w.stop()
		var expect func(context.Context) time.Duration
		if w.pace != nil && e.RowsIn > 0 {
			expect = func(ctx context.Context) time.Duration { return w.pace.expect(ctx, e.Step, e.RowsIn) }
		}
		w.bar = w.out.Progress(e.Step, expect)
	case progress.StepUnderWay:
		switch {
		case w.bar == nil:
		case e.Listed > 0:
			w.bar.Show(Amount{Done: e.Listed, What: "objects listed"})
		default:
			w.bar.Show(
				Amount{
					Done: e.Bytes, Total: e.Total, More: e.More, Unit: Bytes,
					Note: counted(e.Objects, "object") + ", " + counted(e.Rows, "row"),
				},
			)
		}
	case progress.StepDone:
		w.stop()
		w.out.dressed("%s", stepLine(e, w.out.errInk()))
	}
}

// stop takes the bar away.
func (w *watcher) stop() {
	if w.bar != nil {
		w.bar.Done()
		w.bar = nil
	}
}

func withStep(step, text string) string {
	if step == "" {
		return text
	}
	return step + ": " + text
}

func stepLine(e progress.Event, paint ink) string {
	var words []string
	if e.Objects > 0 || e.RowsIn == 0 && e.Bytes > 0 {
		words = append(words, paint.counted(e.Objects, "object"))
	}
	if e.RowsIn > 0 {
		words = append(words, paint.counted(e.RowsIn, "row")+" in")
	}
	words = append(words, paint.counted(e.Rows, "row"))
	if e.RowsIn > 0 {
		words[len(words)-1] += " out"
	}
	if e.Rejects > 0 {
		words = append(words, paint.dye(table.Caution, counted(e.Rejects, "reject")))
	}
	if e.Text != "" {
		words = append(words, printable(e.Text))
	}
	return fmt.Sprintf("%-22s %s %s", printable(e.Step), strings.Join(words, ", "), paint.took(e.Duration))
}

// counted is a number with what it counts: "1 row", "1,594 rows".
func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return count(n) + " " + what + "s"
}

// count writes a number with thousands separators.
func count(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func seconds(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
