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
	step progress.Event // that the bar is about
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
		w.bar, w.step = w.out.Progress(numbered(e)+e.Step, expect), e
	case progress.StepUnderWay:
		switch {
		case w.bar == nil:
		case e.Text != "":
			w.stop()
			w.bar = w.out.Progress(numbered(w.step)+partOf(w.step.Step, e.Text), nil)
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
	case progress.StepsSkipped:
		w.stop()
		w.out.dressed("%s", skippedLine(e, w.out.errInk()))
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

// numbered is the place of a step in its run: " 3 of 12  ", or "" where it is not known.
func numbered(e progress.Event) string {
	width := len(fmt.Sprint(e.Of))
	switch {
	case e.Of == 0:
		return ""
	case e.Through > e.Number:
		return fmt.Sprintf("%*d to %d of %d  ", width, e.Number, e.Through, e.Of)
	}
	return fmt.Sprintf("%*d of %d  ", width, e.Number, e.Of)
}

// partOf names what a step is doing: "index s_ride_day" of the step index, "010_s_ride: index
// s_ride_day" of a load.
func partOf(step, doing string) string {
	if strings.HasPrefix(doing, step+" ") {
		return doing
	}
	return step + ": " + doing
}

// stepLine tells of a step that is done.
func stepLine(e progress.Event, paint ink) string {
	var words []string
	add := func(n int64, what, after string) { words = append(words, paint.counted(n, what)+after) }
	switch e.Sort {
	case progress.Load:
		add(e.Objects, "object", " in")
		add(e.Rows, "row", " out")
		if e.Known > 0 {
			add(e.Known, "object", " loaded before")
		}
		if e.GivenUp > 0 {
			add(e.GivenUp, "object", " skipped or quarantined before")
		}
		if e.Rejects > 0 {
			words = append(words, paint.dye(table.Caution, counted(e.Rejects, "reject")))
		}
	case progress.Model:
		add(e.RowsIn, "row", " in")
		add(e.Rows, "row", " out")
	}
	if e.Text != "" {
		words = append(words, printable(e.Text))
	}
	line := fmt.Sprintf("%s%-22s ", paint.dye(table.Faint, numbered(e)), printable(e.Step))
	if len(words) > 0 {
		line += strings.Join(words, ", ") + " "
	}
	return line + paint.took(e.Duration)
}

// skippedLine tells of steps that had nothing to do. Many are not named.
func skippedLine(e progress.Event, paint ink) string {
	const named = 2
	number := paint.dye(table.Faint, numbered(e))
	if e.Through-e.Number >= named {
		return number + printable(e.Text)
	}
	if e.Through > e.Number {
		return fmt.Sprintf("%s%s: %s", number, printable(e.Step), printable(e.Text))
	}
	return fmt.Sprintf("%s%-22s %s", number, printable(e.Step), printable(e.Text))
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
