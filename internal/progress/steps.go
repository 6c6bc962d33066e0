package progress

import (
	"slices"
	"strings"
	"time"
)

// Steps numbers the steps of a run. It passes each event on with the step's number, and with the
// number of all steps once Plan has named them. It also keeps how long each step took. A Steps
// serves one run after another, and is used by one goroutine at a time.
type Steps struct {
	observer Observer
	planned  map[string]bool // whether the step has ended
	numbers  map[string]int
	taken    []Taken
}

// Taken is a step that a run has taken.
type Taken struct {
	Name     string
	Sort     Sort          // what the step works on
	Number   int           // from 1; 0 of a step that was not planned
	Of       int           // how many steps were planned
	Duration time.Duration // how long the step took
}

// NewSteps returns a Steps that passes events on to observer.
func NewSteps(observer Observer) *Steps { return &Steps{observer: observer} }

// Begin begins a run, whose steps are not known yet.
func (s *Steps) Begin() { s.planned, s.numbers, s.taken = nil, nil, nil }

// Plan names every step that the run takes. Each of them has to end, or to be skipped. A step gets
// its number when it starts. A run that goes on in another way plans again: its numbers begin with
// 1 again.
func (s *Steps) Plan(names ...string) {
	s.planned, s.numbers = make(map[string]bool, len(names)), map[string]int{}
	for _, name := range names {
		s.planned[name] = false
	}
	s.taken = slices.DeleteFunc(s.taken, func(t Taken) bool {
		_, again := s.planned[t.Name]
		return again
	})
}

// Open tells whether a step is planned and has not ended.
func (s *Steps) Open(name string) bool {
	ended, planned := s.planned[name]
	return planned && !ended
}

// Skip ends those of the named steps that are open, because of what text says.
func (s *Steps) Skip(text string, names ...string) {
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !s.Open(name) })
	for len(names) > 0 {
		// Numbers that follow one another are told together.
		first := s.number(names[0])
		last, told := first, 1
		for told < len(names) && s.number(names[told]) == last+1 {
			last, told = last+1, told+1
		}
		for _, name := range names[:told] {
			s.planned[name] = true
		}
		s.observer(Event{
			Kind: StepsSkipped, Step: strings.Join(names[:told], ", "), Text: text,
			Number: first, Through: last, Of: len(s.planned),
		})
		names = names[told:]
	}
}

// Observe implements Observer.
func (s *Steps) Observe(e Event) {
	if _, planned := s.planned[e.Step]; planned && e.Kind != Note && e.Kind != Warning {
		e.Number, e.Of = s.number(e.Step), len(s.planned)
	}
	if e.Kind == StepDone {
		if e.Number > 0 {
			s.planned[e.Step] = true
		}
		taken := Taken{Name: e.Step, Sort: e.Sort, Number: e.Number, Of: e.Of, Duration: e.Duration}
		s.taken = slices.DeleteFunc(s.taken, func(t Taken) bool { return t.Name == e.Step })
		s.taken = append(s.taken, taken)
	}
	s.observer(e)
}

// number is the number of a planned step, the next one where it has none.
func (s *Steps) number(name string) int {
	if _, known := s.numbers[name]; !known {
		s.numbers[name] = len(s.numbers) + 1
	}
	return s.numbers[name]
}

// Taken returns the steps that have ended, in their order. Of a step that was taken again, because
// its transaction was, the last time counts.
func (s *Steps) Taken() []Taken { return slices.Clone(s.taken) }
