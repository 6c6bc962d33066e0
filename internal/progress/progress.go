// Package progress tells people who watch a run what happens in it.
package progress

import "time"

// Event is something that happened in a run.
type Event struct {
	Kind    Kind   // what happened; the zero value is Note
	Step    string // the step or the table it is about
	Sort    Sort   // of the step, at its end
	Number  int    // of the step in its run, from 1; 0 where it is not known
	Of      int    // how many steps the run takes; 0 where that is not certain
	Through int    // StepsSkipped: the number of the last of the steps
	Text    string // a sentence, for Note and Warning; what a step does or did, in a few words
	Objects int64  // loaded so far, or at the end
	Known   int64  // objects that earlier runs loaded, at the end
	GivenUp int64  // objects that were skipped or quarantined earlier, at the end
	Rows    int64  // written so far, or at the end
	Bytes   int64  // read so far, or at the end
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
	StepStarted
	StepUnderWay
	StepDone
	StepsSkipped // planned steps that had nothing to do; Step names them
)

// Sort says what a step works on.
type Sort int

// The sorts of steps.
const (
	Model Sort = iota // computes rows from rows
	Load              // copies objects
	Stage             // belongs to no file: it builds indexes, compares, checks or publishes
)

// Observer receives events, from one goroutine at a time.
type Observer func(Event)
