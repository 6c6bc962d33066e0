package transform_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/sample"
	"github.com/sparkify/dwh/internal/transform"
)

// observed runs something under an Observer and returns what it tells of the numbered steps.
type observed struct{ events []progress.Event }

func (o *observed) observe(options *transform.Options) {
	options.Observer = func(e progress.Event) {
		if e.Kind == progress.StepDone || e.Kind == progress.StepsSkipped {
			o.events = append(o.events, e)
		}
	}
}

// want checks that the numbers go from 1 to the number of all steps, and that the steps that belong
// to no file are these, each with its time.
func (o *observed) want(t *testing.T, stages ...string) {
	t.Helper()
	next, of := 1, 0
	var got []string
	for _, e := range o.events {
		if of == 0 {
			of = e.Of
		}
		if e.Number != next || e.Of != of {
			t.Errorf("%s: got step %d of %d, want %d of %d", e.Step, e.Number, e.Of, next, of)
		}
		next = max(e.Number, e.Through) + 1
		if e.Sort == progress.Stage {
			got = append(got, e.Step)
			if e.Duration <= 0 {
				t.Errorf("%s: got no time", e.Step)
			}
		}
	}
	if next-1 != of {
		t.Errorf("got %d steps, want %d", next-1, of)
	}
	if !slices.Equal(got, stages) {
		t.Errorf("stages: got %v, want %v", got, stages)
	}
	o.events = nil
}

// addsUp checks that a run's steps take no more than its time, and, of a long one, most of it. The
// journal has to say the same.
func (w *warehouse) addsUp(t *testing.T, result transform.Result, long bool) {
	t.Helper()
	var sum time.Duration
	var names []string
	for _, step := range result.Steps {
		sum += step.Duration
		names = append(names, step.Name)
	}
	if sum > result.Duration || long && sum < result.Duration/2 {
		t.Errorf("the steps take %s of %s: %v", sum, result.Duration, result.Steps)
	}
	rows := w.rows(fmt.Sprintf(`
		SELECT STRING_AGG(step.step, ' ' ORDER BY step.position), MAX(step.position),
			SUM(step.ended_at - step.started_at) <= MAX(run.ended_at - run.started_at),
			SUM(step.ended_at - step.started_at) >= MAX(run.ended_at - run.started_at) / 2 OR %t
		FROM dwh_step AS step
		INNER JOIN dwh_run AS run
			ON run.run_id = step.run_id
		WHERE step.run_id = '%s'`, !long, result.Run))
	if want := []string{strings.Join(names, " "), fmt.Sprint(len(names)), "t", "t"}; !slices.Equal(rows[0], want) {
		t.Errorf("journal: got %v, want %v", rows[0], want)
	}
}

// TestStepsAddUp: whichever way a run goes, each of its steps has a number of all that there are,
// and a time, and the times add up to the run's.
func TestStepsAddUp(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	dir := t.TempDir()
	deliver := func(seed uint64) {
		t.Helper()
		if _, err := sample.Write(t.Context(), fmt.Sprintf("%s/%d", dir, seed), sample.Options{
			Songs: 300, Events: 6000, Seed: seed,
		}); err != nil {
			t.Fatal(err)
		}
	}
	deliver(1)
	vars := map[string]string{}
	for name, place := range sample.Sources() {
		vars[name] = fmt.Sprintf("%s/1/%s", dir, place)
	}
	o := &observed{}
	full := func(options *transform.Options) { options.FullCheck = true }
	run := func(change ...func(*transform.Options)) transform.Result {
		t.Helper()
		runner := w.runner(vars, append(change, o.observe)...)
		result, err := runner.Run(t.Context(), "test", nil)
		if err != nil {
			t.Fatal(err)
		}
		if runner.FullCheck {
			if _, err := runner.CheckAfter(t.Context(), &result); err != nil {
				t.Fatal(err)
			}
		}
		return result
	}

	w.addsUp(t, run(full), true)
	o.want(t, "check", "publish", "index")

	vars["log_data"] = fmt.Sprintf("%s/2/%s", dir, sample.Sources()["log_data"])
	deliver(2)
	w.addsUp(t, run(full), true)
	o.want(t, "check", "publish", "full check")

	run()
	o.want(t)

	runner := w.runner(vars, o.observe)
	result, err := runner.Replay(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	w.addsUp(t, result, true)
	o.want(t, "compare", "apply", "check", "publish")
	if result, err = runner.Compare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(result.Steps) == 0 {
		t.Error("compare: got no steps")
	}
	o.want(t, "compare")

	// Batch by batch into an empty warehouse, and a replay that a changed model asks for.
	w.empty()
	w.addsUp(t, run(full, func(options *transform.Options) { options.BatchObjects = 3 }), true)
	o.want(t, "check", "publish", "full check")
	w.exec("UPDATE dwh_transform SET fingerprint = 'other' WHERE name = '120_d_artist'")
	w.addsUp(t, run(), false)
	o.want(t, "compare", "apply", "check", "publish")
}
