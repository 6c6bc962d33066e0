// Package progress tells people who watch a run what happens in it.
package progress

import "time"

// Event is something that happened in a run.
type Event struct {
	Kind    Kind
	Step    string // the step or the table it is about
	Text    string // a sentence, for Note and Warning
	Objects int64  // loaded so far, or at the end
	Rows    int64  // written so far, or at the end
	Bytes   int64  // read so far
	// bytes of the objects to load, as far as they are listed; with More the list goes on
	Total    int64
	More     bool          // more objects may be found
	Listed   int64         // objects listed so far; 0 in an event about loading
	Rejects  int64         // records refused
	RowsIn   int64         // unprocessed rows that a model starts from
	Duration time.Duration // at the end of a step
}

// Kind tells events apart.
type Kind int

// The kinds of events.
const (
	Note Kind = iota
	Warning
	StepStarted // comparing, applying and checking have no StepDone
	StepUnderWay
	StepDone
)

// Observer receives events, from one goroutine at a time.
type Observer func(Event)
