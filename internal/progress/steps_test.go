package progress_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/progress"
)

// TestStepsNumbers: a planned step has its number from its beginning, skipped ones are told
// together, and a step that nobody planned has none.
func TestStepsNumbers(t *testing.T) {
	t.Parallel()
	var told []string
	steps := progress.NewSteps(func(e progress.Event) {
		line := fmt.Sprintf("%d/%d %s", e.Number, e.Of, e.Step)
		if e.Kind == progress.StepsSkipped {
			line = fmt.Sprintf("%d-%d/%d %s: %s", e.Number, e.Through, e.Of, e.Step, e.Text)
		}
		told = append(told, line)
	})
	take := func(name string) {
		steps.Observe(progress.Event{Kind: progress.StepStarted, Step: name})
		steps.Observe(progress.Event{Kind: progress.StepDone, Step: name, Duration: time.Second})
	}
	steps.Begin()
	take("before")
	steps.Plan("load", "helper", "model", "check", "publish")
	take("load")
	steps.Observe(progress.Event{Kind: progress.Note, Step: "load", Text: "a note"})
	take("extra")
	take("model")
	steps.Skip("not needed", "load", "helper", "model")
	if !steps.Open("check") || steps.Open("model") || steps.Open("extra") {
		t.Error("open: want check, and neither model nor extra")
	}
	steps.Skip("nothing new", "check", "publish")
	want := []string{
		"0/0 before", "0/0 before", "1/5 load", "1/5 load", "0/0 load", "0/0 extra", "0/0 extra", "2/5 model",
		"2/5 model",
		"3-3/5 helper: not needed", "4-5/5 check, publish: nothing new",
	}
	if got := strings.Join(told, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	if got := steps.Taken(); len(got) != 4 || got[1].Name != "load" || got[1].Number != 1 || got[1].Of != 5 {
		t.Errorf("taken: got %v, want before, load, extra and model", got)
	}
}

// TestStepsPlanAgain: a run that goes on in another way numbers its steps anew, and what it does
// again counts once.
func TestStepsPlanAgain(t *testing.T) {
	t.Parallel()
	var last progress.Event
	steps := progress.NewSteps(func(e progress.Event) { last = e })
	done := func(name string, took time.Duration) {
		steps.Observe(progress.Event{Kind: progress.StepDone, Step: name, Duration: took})
	}
	steps.Begin()
	steps.Plan("load", "check")
	done("load", time.Second)
	steps.Plan("load", "compare", "check")
	done("load", 2*time.Second)
	if last.Number != 1 || last.Of != 3 {
		t.Errorf("got step %d of %d, want 1 of 3", last.Number, last.Of)
	}
	done("compare", time.Second)
	done("compare", 3*time.Second) // its transaction was repeated
	got := steps.Taken()
	if len(got) != 2 || got[0].Duration != 2*time.Second || got[1].Duration != 3*time.Second || got[1].Number != 2 {
		t.Errorf("taken: got %v, want load with 2 s and compare with 3 s", got)
	}
	steps.Begin()
	if got := steps.Taken(); len(got) != 0 {
		t.Errorf("taken after Begin: got %v, want none", got)
	}
}
