package load

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/telemetry"
)

// Result is what a load did.
//
// fields: each is a fact of its own, and commands print nearly all.
type Result struct {
	Step       string         // the load's, such as 020_s_order
	Table      catalogue.Name // the staging table that it fills
	Skipped    string         // why nothing was looked for, "" where it was
	Objects    int64          // that this load loaded
	Known      int64          // loaded by an earlier run
	GivenUp    int64          // skipped or quarantined earlier
	Rows       int64
	Rejects    int64         // records refused, objects that cannot be read included
	Unreadable int64         // objects that could not be read at all
	Changed    int64         // objects that changed while they were read, left for the next run
	Left       []Left        // objects that the caller tries again
	Bytes      int64         // of the loaded objects, as they are stored
	Trimmed    []string      // text columns in which none of the rows has a blank at the end
	Duration   time.Duration // of the load, its listing included
}

// Left is an object that was not loaded.
type Left struct {
	Step   string             // the load's, such as 020_s_order
	Object objectstore.Object // as it was listed
	Err    error
	// Changed says that it was replaced or written to since it was listed.
	Changed bool
}

// attributes are what the load's span says of it.
func (r Result) attributes() []telemetry.Attribute {
	return []telemetry.Attribute{
		telemetry.Objects(r.Objects), telemetry.Rows(r.Rows), telemetry.Rejects(r.Rejects), telemetry.Bytes(r.Bytes),
	}
}

// Done is the event at a load's end.
func (r Result) Done() progress.Event {
	return progress.Event{
		Kind: progress.StepDone, Sort: progress.Load, Step: r.Step, Objects: r.Objects, Known: r.Known,
		GivenUp: r.GivenUp, Rows: r.Rows, Bytes: r.Bytes, Rejects: r.Rejects, Duration: r.Duration,
	}
}

// progress tells how far the load of a batch is.
func (x *execution) progress() func(clientcopy.Progress) {
	return func(p clientcopy.Progress) {
		x.tell(x.result.Objects+int64(p.Objects), x.result.Rows+p.Rows, x.result.Bytes+p.Bytes, 0)
	}
}

func (x *execution) tell(objects, rows, bytes, rejects int64) {
	event := progress.Event{
		Kind: progress.StepUnderWay, Step: x.plan.File.Name, Objects: objects, Rows: rows, Bytes: bytes,
		Rejects: rejects,
	}
	if listing := x.plan.listing; listing != nil {
		event.Total, event.More = listing.pending, listing.more
	}
	x.Observer(event)
}

// count adds a batch to the result and tells what went wrong in it.
func (x *execution) count(copied clientcopy.Result) {
	result := x.result
	warn := func(format string, args ...any) {
		x.Observer(progress.Event{Kind: progress.Warning, Step: result.Step, Text: fmt.Sprintf(format, args...)})
	}
	noLoad := x.plan.Statement.NoLoad
	if noLoad {
		x.unloaded.rows += copied.Rows
		copied.Rows = 0
	}
	if copied.Rows > 0 {
		result.Trimmed = trimmed(result.Rows > 0, result.Trimmed, copied.Trimmed)
	}
	result.Rows += copied.Rows
	result.Known += x.known.loaded
	result.GivenUp += x.known.givenUp
	for _, object := range copied.Objects {
		switch {
		case object.Changed:
			result.Changed++
			warn("%s changed while dwh read it; the next run reads it again", object.Object.URL)
		case object.Err != nil:
			result.Unreadable++
			warn("%s cannot be read; the next run tries it again: %v", object.Object.URL, object.Err)
		case noLoad:
			x.unloaded.objects++
		default:
			result.Objects++
			result.Bytes += object.Object.Size
			if len(object.Left) > 0 {
				warn("%s holds %s, which dwh does not load: of an archive, it loads the files whose names "+
					"end in .txt or .csv", object.Object.URL, firstOf(object.Left))
			}
		}
	}
	result.Rejects += int64(len(copied.Rejects))
	x.warnFirstLines(copied)
	// Line 0 is an object that could not be read, which is told above.
	records := slices.DeleteFunc(
		slices.Clone(copied.Rejects),
		func(e clientcopy.RecordError) bool { return e.Line == 0 },
	)
	switch n := len(records); {
	case x.plan.KeepUnread: // the caller tells what becomes of its objects
	case n == 1:
		warn("1 record refused: %v; see dwh reject list", &records[0])
	case n > 1:
		warn("%d records refused, such as %v; see dwh reject list", n, &records[0])
	}
	x.tell(result.Objects, result.Rows, result.Bytes, result.Rejects)
}

// firstOf is the first of names, and how many more there are.
func firstOf(names []string) string {
	if more := len(names) - 1; more > 0 {
		return fmt.Sprintf("%s and %s more", names[0], table.Count(int64(more)))
	}
	return names[0]
}

// trimmed are columns in which neither earlier rows, if there are any, nor more rows have a blank
// at the end.
func trimmed(earlier bool, those, more []string) []string {
	if !earlier {
		return more
	}
	return slices.DeleteFunc(slices.Clone(those), func(name string) bool { return !slices.Contains(more, name) })
}

// Trimmed are the text columns of a staging table in which no row that the loads brought has a
// blank at the end.
func Trimmed(loads []Result, table catalogue.Name) (columns []string) {
	earlier := false
	for _, l := range loads {
		if l.Table == table && l.Rows > 0 {
			columns, earlier = trimmed(earlier, columns, l.Trimmed), true
		}
	}
	return columns
}

// A RefusedError says that a batch was rolled back because of its records.
type RefusedError struct {
	Step  string // the load's, such as 020_s_order
	Cause error  // a *clientcopy.MaxErrorError or *clientcopy.FatalError
}

func (e *RefusedError) Error() string { return fmt.Sprintf("load %s: %v", e.Step, e.Cause) }

// Unwrap returns the cause.
func (e *RefusedError) Unwrap() error { return e.Cause }

// Hint says what to do about it.
func (e *RefusedError) Hint() string {
	var fatal *clientcopy.FatalError
	if errors.As(e.Cause, &fatal) {
		return `nothing of this batch was loaded; see the record with "dwh reject list", then correct the object ` +
			`or the COPY, or leave the object out with "dwh reject skip URL"; MAXERROR does not apply to such a record`
	}
	return `nothing of this batch was loaded; see the records with "dwh reject list", then correct the objects, ` +
		`raise MAXERROR in the transform, or leave an object out with "dwh reject skip URL"`
}
