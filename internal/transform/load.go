package transform

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/telemetry"
)

// Copier performs a COPY of exactly the given objects inside the transaction that is open on conn. It neither begins nor
// commits. The errors it returns for data are those of clientcopy.Copy.
type Copier interface {
	Copy(ctx context.Context, conn *pgx.Conn, statement *copystmt.Statement, objects []objectstore.Object, progress func(clientcopy.Progress)) (clientcopy.Result, error)
}

// Lister finds the objects that a COPY means.
type Lister interface {
	List(ctx context.Context, prefix objectstore.URL) iter.Seq2[objectstore.Object, error]
	Beside(prefix objectstore.URL, o objectstore.Object) bool
	Manifest(ctx context.Context, statement *copystmt.Statement) ([]objectstore.Object, error)
	// Wanted tells whether a load from the variable takes the object; reason is why not, for people.
	Wanted(variable string, o objectstore.Object) (ok bool, reason string)
}

// LoadResult is what a load step did.
type LoadResult struct {
	Step       string
	Table      catalogue.Name
	Skipped    string // why nothing was looked for, "" where it was
	Objects    int64  // loaded
	Known      int64  // loaded by an earlier run
	Rows       int64
	Rejects    int64
	Unreadable int64 // objects that could not be read at all
	Changed    int64 // objects that changed while they were read, left for the next run
	Bytes      int64
	Duration   time.Duration

	found int64 // bytes of the objects to load, as far as they are listed
	more  bool  // the listing has not ended

	analyzed bool // the planner knows the rows
}

// attributes are what the load's span says of it.
func (l LoadResult) attributes() []telemetry.Attribute {
	return []telemetry.Attribute{telemetry.Objects(l.Objects), telemetry.Rows(l.Rows), telemetry.Rejects(l.Rejects), telemetry.Bytes(l.Bytes)}
}

// A MissingError says that a load lacks a value beside its source.
type MissingError struct {
	Step     string
	Source   string
	Variable string
	Err      error // where the statement needs it
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("--%s is given and --%s is not: %v", flagName(e.Source), flagName(e.Variable), e.Err)
}

// Unwrap returns the error that names the place.
func (e *MissingError) Unwrap() error { return e.Err }

// ExitCode is 2: the command line has to change.
func (*MissingError) ExitCode() int { return 2 }

// Hint says what to give.
func (e *MissingError) Hint() string { return "add --" + flagName(e.Variable) }

func flagName(variable string) string { return strings.ReplaceAll(variable, "_", "-") }

// copyOf fills in and parses a load's statement.
func (r *Runner) copyOf(step Step) (*copystmt.Statement, error) {
	expanded, err := copystmt.Bind(step.statements[0], r.Vars)
	if err != nil {
		for _, name := range step.missing(r.Vars) {
			if name != "iam_role" && name != "region" {
				return nil, &MissingError{Step: step.Name, Source: step.Source, Variable: name, Err: err}
			}
		}
		return nil, err
	}
	statement, err := copystmt.Parse(expanded)
	if err != nil {
		return nil, err
	}
	if catalogue.Name(statement.Name) != step.Table {
		return nil, step.statements[0].ErrorAt(0, fmt.Sprintf("COPY writes %s, the file's name says %s", statement.Table, step.Table), "let both name the same table", nil)
	}
	return statement, nil
}

// load copies the objects of one source that the ledger does not know, in batches, each in a transaction of its own.
func (r *Runner) load(ctx context.Context, conn *pgx.Conn, j *journal, step Step) (result LoadResult, err error) {
	result = LoadResult{Step: step.Name, Table: step.Table}
	if !step.Configured(r.Vars) {
		return r.skipped(step), nil
	}
	ctx, span := telemetry.Begin(ctx, "load "+step.Name, telemetry.Step(step.Name))
	defer func() { span.End(err, result.attributes()...) }()
	started := time.Now()
	r.Observer(progress.Event{Kind: progress.StepStarted, Step: step.Name})
	statement, err := r.copyOf(step)
	if err != nil {
		return result, err
	}
	err = r.loadNew(ctx, conn, j, step, statement, &result)
	result.Duration = time.Since(started)
	outcome := "done"
	if err != nil {
		outcome = "failed"
	}
	j.load(step, started, result, outcome)
	if err != nil {
		return result, err
	}
	if result.Rows >= analyzeFirst && !result.analyzed { // fewer can wait for the run's end
		if err := r.analyzeAfter(ctx, conn, map[catalogue.Name]int64{step.Table: result.Rows}); err != nil {
			return result, err
		}
	}
	r.Observer(result.done())
	return result, nil
}

// skipped is a load without a source.
func (r *Runner) skipped(step Step) LoadResult {
	result := LoadResult{Step: step.Name, Table: step.Table, Skipped: "no source: --" + flagName(step.Source) + " is not given"}
	r.Observer(progress.Event{Kind: progress.Note, Step: step.Name, Text: "skipped, " + result.Skipped})
	return result
}

// progress tells how far the load of a batch is.
func (r *Runner) loadProgress(step Step, before *LoadResult) func(clientcopy.Progress) {
	return func(p clientcopy.Progress) {
		r.Observer(progress.Event{Kind: progress.StepUnderWay, Step: step.Name, Objects: before.Objects + int64(p.Objects), Rows: before.Rows + p.Rows, Bytes: before.Bytes + p.Bytes, Total: before.found, More: before.more})
	}
}

// done is the event at a load's end.
func (l LoadResult) done() progress.Event {
	return progress.Event{Kind: progress.StepDone, Step: l.Step, Objects: l.Objects, Rows: l.Rows, Bytes: l.Bytes, Rejects: l.Rejects, Duration: l.Duration}
}

func (r *Runner) loadNew(ctx context.Context, conn *pgx.Conn, j *journal, step Step, statement *copystmt.Statement, result *LoadResult) error {
	if err := r.complete(ctx, conn, j, step, statement); err != nil {
		return err
	}
	// What is known of the load decides with its first batch whether it goes aside, as a whole.
	var gathered *wholeLoad
	begun := false
	usual := func(batch []objectstore.Object) error {
		return r.loadBatch(ctx, conn, j, step, statement, batch, result)
	}
	found, err := r.list(ctx, step, statement, result, func(batch []objectstore.Object) error {
		if !begun {
			begun = true
			aside, err := r.mayLoadAside(ctx, conn, step, result.found)
			if err != nil {
				return err
			}
			if aside {
				gathered = &wholeLoad{step: step, statement: statement}
			}
		}
		if gathered == nil {
			return usual(batch)
		}
		gathered.batches = append(gathered.batches, batch)
		gathered.objects += len(batch)
		if r.oneTransaction(gathered.objects, result.found) {
			return nil
		}
		batches := gathered.batches
		gathered = nil
		return each(batches, usual)
	})
	if gathered != nil {
		// Also where the listing broke off: what it has found is loaded, as it would have been by then.
		gathered.result = *result
		loaded, asideErr := r.loadAside(ctx, conn, j, gathered)
		switch {
		case asideErr != nil:
			return asideErr
		case loaded != nil:
			*result = *loaded
		default:
			if err := each(gathered.batches, usual); err != nil {
				return err
			}
		}
	}
	if err != nil {
		return err
	}
	r.tell(step, statement, found)
	return nil
}

// loadBatch loads one batch in one transaction, together with its ledger rows. Objects that turn out to be unreadable or
// changed after rows of theirs were sent are left out, and the batch begins again.
func (r *Runner) loadBatch(ctx context.Context, conn *pgx.Conn, j *journal, step Step, statement *copystmt.Statement, objects []objectstore.Object, result *LoadResult) error {
	var excluded []clientcopy.ObjectResult
	for {
		var copied clientcopy.Result
		err := r.write(ctx, conn, j, func(tx pgx.Tx) error {
			// Another dwh may have loaded some of them since the ledger was read.
			unknown, err := r.unknownObjects(ctx, tx, step.Table, objects)
			if err != nil {
				return err
			}
			r.Failpoint("load.begun")
			copied, err = r.Copier.Copy(ctx, conn, statement, unknown, r.loadProgress(step, result))
			if err != nil {
				return err
			}
			r.Failpoint("load.copied")
			for _, object := range excluded {
				copied.Objects = append(copied.Objects, object)
				if !object.Changed {
					copied.Rejects = append(copied.Rejects, clientcopy.RecordError{Object: object.Object.URL, Reason: object.Err.Error()})
				}
			}
			if err := r.record(ctx, tx, j, step, copied); err != nil {
				return err
			}
			r.Failpoint("load.recorded")
			return nil
		})
		var unreadable *clientcopy.UnreadableError
		var tooMany *clientcopy.MaxErrorError
		var fatal *clientcopy.FatalError
		switch {
		case errors.As(err, &unreadable):
			gone := map[objectstore.URL]bool{}
			for _, object := range unreadable.Objects {
				gone[object.Object.URL] = true
				excluded = append(excluded, object)
			}
			objects = slices.DeleteFunc(slices.Clone(objects), func(o objectstore.Object) bool { return gone[o.URL] })
			continue
		case errors.As(err, &tooMany):
			result.Rejects += int64(len(tooMany.Result.Rejects))
			return r.refuse(ctx, conn, j, step, tooMany.Result, tooMany)
		case errors.As(err, &fatal):
			found := fatal.Result
			found.Rejects = append(found.Rejects, fatal.Record)
			result.Rejects += int64(len(found.Rejects))
			return r.refuse(ctx, conn, j, step, found, fatal)
		case err != nil:
			return fmt.Errorf("load %s: %w", step.Name, err)
		}
		r.Failpoint("load.committed")
		r.account(step, copied, result)
		return nil
	}
}

// account adds a committed batch to the result and tells what went wrong in it.
func (r *Runner) account(step Step, copied clientcopy.Result, result *LoadResult) {
	result.Rows += copied.Rows
	for _, object := range copied.Objects {
		switch {
		case object.Changed:
			result.Changed++
			r.Observer(progress.Event{Kind: progress.Warning, Step: step.Name, Text: fmt.Sprintf("%s changed while it was read; it is left for the next run", object.Object.URL)})
		case object.Err != nil:
			result.Unreadable++
			r.Observer(progress.Event{Kind: progress.Warning, Step: step.Name, Text: fmt.Sprintf("%s cannot be read and is tried again next time: %v", object.Object.URL, object.Err)})
		default:
			result.Objects++
			result.Bytes += object.Object.Size
		}
	}
	result.Rejects += int64(len(copied.Rejects))
	r.warn(step, r.firstLines(step, copied)...)
	// Line 0 is an object that could not be read, which is told above.
	records := slices.DeleteFunc(slices.Clone(copied.Rejects), func(e clientcopy.RecordError) bool { return e.Line == 0 })
	if len(records) > 0 {
		said := "1 record refused: "
		if len(records) > 1 {
			said = fmt.Sprintf("%d records refused, such as ", len(records))
		}
		r.Observer(progress.Event{Kind: progress.Warning, Step: step.Name, Text: said + records[0].Error() + "; see dwh reject list"})
	}
	r.Observer(progress.Event{Kind: progress.StepUnderWay, Step: step.Name, Objects: result.Objects, Rows: result.Rows, Bytes: result.Bytes, Rejects: result.Rejects, Total: result.found, More: result.more})
}

// warn tells warnings about a step.
func (r *Runner) warn(step Step, warnings ...string) {
	for _, text := range warnings {
		r.Observer(progress.Event{Kind: progress.Warning, Step: step.Name, Text: text})
	}
}

// refuse writes the rejects of a batch that COPY gave up, in a transaction of their own: the batch itself is rolled back.
func (r *Runner) refuse(ctx context.Context, conn *pgx.Conn, j *journal, step Step, found clientcopy.Result, cause error) error {
	r.warn(step, r.firstLines(step, found)...)
	refused := &RefusedError{Step: step.Name, Cause: cause}
	err := r.write(ctx, conn, j, func(tx pgx.Tx) error {
		return r.insertRejects(ctx, tx, j, step, found.Rejects, found.Objects, rejectFailed)
	})
	if err != nil {
		return fmt.Errorf("%w; and its rejects could not be written: %w", refused, err)
	}
	return refused
}

// A RefusedError says that a batch was rolled back because of its records.
type RefusedError struct {
	Step  string
	Cause error // *clientcopy.MaxErrorError or *clientcopy.FatalError
}

func (e *RefusedError) Error() string { return fmt.Sprintf("load %s: %v", e.Step, e.Cause) }

// Unwrap returns the cause.
func (e *RefusedError) Unwrap() error { return e.Cause }

// Hint says what to do about it.
func (*RefusedError) Hint() string {
	return `nothing of this batch was loaded; see the records with "dwh reject list", then correct the objects, raise MAXERROR in the transform, or leave an object out with "dwh reject skip URL"`
}
