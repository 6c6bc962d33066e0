package transform

import (
	"cmp"
	"slices"
	"time"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/journal"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/publish"
	"github.com/sparkify/dwh/internal/table"
)

// The steps of a run that belong to no file, in their order. A first run builds indexes before the
// models, any other run last.
const (
	stageCompare   = "compare"    // what was built with the live tables
	stageApply     = "apply"      // the difference to the live tables
	stageCheck     = "check"      // the gate
	stagePublish   = "publish"    // what readers see: swap, commit, statistics
	stageIndex     = "index"      // indexes of the loads' tables
	stageFullCheck = "full check" // CheckAfter
)

// A stage is a step of a run that belongs to no file. The journal keeps its time.
type stage struct {
	runner  *Runner
	journal *journal.Run // nil: of a run without one
	name    string
	started time.Time
}

// newStage begins a stage; entry is the run's in the journal, or nil.
func (r *Runner) newStage(entry *journal.Run, name string) *stage {
	r.Observer(progress.Event{Kind: progress.StepStarted, Step: name})
	return &stage{runner: r, journal: entry, name: name, started: time.Now()}
}

// end tells of the stage, if it is not nil; note says in a few words what it did.
func (s *stage) end(note string) {
	if s == nil {
		return
	}
	if s.journal != nil {
		s.journal.Step(journal.Step{Name: s.name, Started: s.started, Uncounted: true, Note: note})
	}
	s.runner.Observer(progress.Event{
		Kind: progress.StepDone, Sort: progress.Stage, Step: s.name, Text: note, Duration: time.Since(s.started),
	})
}

// planSteps names the steps of a run that takes the chosen files and the stages.
func (r *Runner) planSteps(chosen []Step, stages ...string) {
	var names []string
	for _, step := range chosen {
		if !step.Load || !r.NoLoad && step.Configured(r.Vars) {
			names = append(names, step.Name)
		}
	}
	r.numbering.Plan(append(names, stages...)...)
}

// closing are the stages behind the gate; with index, indexes are to be built.
func closing(index bool) []string {
	if index {
		return []string{stagePublish, stageIndex}
	}
	return []string{stagePublish}
}

// fullCheckStage is the stage of CheckAfter, where it follows.
func (r *Runner) fullCheckStage() []string {
	if r.FullCheck {
		return []string{stageFullCheck}
	}
	return nil
}

// modelSteps are the steps without the loads.
func (r *Runner) modelSteps() []Step {
	return slices.DeleteFunc(slices.Clone(r.Steps), func(s Step) bool { return s.Load })
}

// skipModels says of the models without a step of their own that there was nothing to do.
func (r *Runner) skipModels(models []*model.Model) {
	names := make([]string, len(models))
	for i, m := range models {
		names[i] = m.Step
	}
	r.numbering.Skip("not needed", names...)
}

// skipRest says that nothing is new, so that all steps up to publishing have nothing to do.
func (r *Runner) skipRest() {
	var names []string
	for _, step := range r.modelSteps() {
		names = append(names, step.Name)
	}
	r.numbering.Skip("nothing new", append(names, stageCompare, stageApply, stageCheck, stagePublish)...)
}

// counted is "1 check", "21 checks".
func counted(n int, singular, plural string) string {
	if n == 1 {
		return "1 " + singular
	}
	return table.Count(int64(n)) + " " + plural
}

func checksText(results []check.Result) string { return counted(len(results), "check", "checks") }

func indexesText(built int) string { return counted(built, "index", "indexes") }

// differencesText says what compare found.
func differencesText(differences []publish.Difference) string {
	var sum model.Change
	for _, d := range differences {
		sum.Added, sum.Changed, sum.Removed = sum.Added+d.Added, sum.Changed+d.Changed, sum.Removed+d.Removed
	}
	return cmp.Or(Summary(sum), "nothing differs")
}
