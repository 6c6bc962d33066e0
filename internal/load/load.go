package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/telemetry"
)

// Load carries out a plan. Without a transaction of the caller's, each batch is committed by
// itself, and an error leaves the batches before it loaded. A *RefusedError says that records are
// to blame.
func (l *Loader) Load(ctx context.Context, run Run, plan *Plan) (result Result, err error) {
	result = Result{Step: plan.File.Name, Table: plan.File.Table}
	if plan.Statement == nil {
		result.Skipped = fmt.Sprintf("the source %s is not given", plan.File.Source)
		l.Observer(progress.Event{Kind: progress.Note, Step: result.Step, Text: "skipped, " + result.Skipped})
		return result, nil
	}
	defer plan.Close()
	ctx, span := telemetry.Begin(ctx, "load "+plan.File.Name, telemetry.Step(plan.File.Name))
	defer func() { span.End(err, result.attributes()...) }()
	started := time.Now()
	l.Observer(progress.Event{Kind: progress.StepStarted, Step: plan.File.Name})
	x := execution{Loader: l, run: run, plan: plan, result: &result}
	err = x.batches(ctx)
	x.tellUnloaded()
	if plan.listing != nil {
		result.Known += plan.listing.known.loaded
		result.GivenUp += plan.listing.known.givenUp
	}
	result.Duration = plan.took + time.Since(started)
	return result, err
}

// execution carries out one plan.
type execution struct {
	*Loader
	run    Run
	plan   *Plan
	result *Result
	known  known // objects of the batch at hand that the ledger held already
	unloaded
}

func (x *execution) batches(ctx context.Context) error {
	for batch, err := range x.plan.Batches {
		if err != nil {
			return err
		}
		if x.plan.Tx != nil {
			err = x.join(ctx, batch)
		} else {
			err = x.commit(ctx, batch)
		}
		if err != nil {
			return err
		}
		if x.plan.Copied != nil {
			if err := x.plan.Copied(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// join loads a batch in the caller's transaction.
func (x *execution) join(ctx context.Context, objects []objectstore.Object) error {
	copied, err := x.copy(ctx, x.plan.Tx, objects, nil)
	var tooMany *clientcopy.MaxErrorError
	var fatal *clientcopy.FatalError
	switch {
	case errors.As(err, &tooMany):
		x.warnFirstLines(tooMany.Result)
		return &RefusedError{Step: x.plan.File.Name, Cause: err}
	case errors.As(err, &fatal):
		x.warnFirstLines(fatal.Result)
		return &RefusedError{Step: x.plan.File.Name, Cause: err}
	case err != nil:
		return fmt.Errorf("load %s: %w", x.plan.File.Name, err)
	}
	x.count(copied)
	return nil
}

// commit loads a batch in a transaction of its own. Objects that turn out to be unreadable or
// changed after rows of theirs were sent are left out, and the batch begins again.
func (x *execution) commit(ctx context.Context, objects []objectstore.Object) error {
	var excluded []clientcopy.ObjectResult
	for {
		var copied clientcopy.Result
		err := x.run.Write(ctx, func(tx pgx.Tx) (err error) {
			copied, err = x.copy(ctx, tx, objects, excluded)
			return err
		})
		var unreadable *clientcopy.UnreadableError
		var tooMany *clientcopy.MaxErrorError
		var fatal *clientcopy.FatalError
		switch {
		case errors.As(err, &unreadable):
			excluded = append(excluded, unreadable.Objects...)
			objects = without(objects, unreadable.Objects)
			continue
		case errors.As(err, &tooMany):
			return x.refuse(ctx, tooMany.Result, tooMany)
		case errors.As(err, &fatal):
			found := fatal.Result
			found.Rejects = append(found.Rejects, fatal.Record)
			return x.refuse(ctx, found, fatal)
		case err != nil:
			return fmt.Errorf("load %s: %w", x.plan.File.Name, err)
		}
		x.Failpoint("load.committed")
		x.count(copied)
		return nil
	}
}

// without returns the objects that are not among the unreadable ones.
func without(objects []objectstore.Object, unreadable []clientcopy.ObjectResult) []objectstore.Object {
	gone := map[objectstore.URL]bool{}
	for _, object := range unreadable {
		gone[object.Object.URL] = true
	}
	return slices.DeleteFunc(slices.Clone(objects), func(o objectstore.Object) bool { return gone[o.URL] })
}

// copy copies the objects of a batch into the open transaction, together with their ledger rows and
// rejects. excluded are objects of the batch that were found unreadable by an earlier try.
func (x *execution) copy(
	ctx context.Context, tx pgx.Tx, objects []objectstore.Object, excluded []clientcopy.ObjectResult,
) (copied clientcopy.Result, err error) {
	// Another dwh may have loaded some of them since they were listed.
	fresh, others, err := unknown(ctx, tx, x.Engine, x.plan.File.Table, objects)
	if err != nil {
		return copied, err
	}
	x.known = others
	x.Failpoint("load.begun")
	if len(fresh) > 0 {
		if copied, err = x.Copier.Copy(ctx, x.run.Conn, x.request(fresh)); err != nil {
			return copied, err
		}
	}
	x.Failpoint("load.copied")
	for _, object := range excluded {
		copied.Objects = append(copied.Objects, object)
		if !object.Changed {
			copied.Rejects = append(copied.Rejects, clientcopy.RecordError{
				Object: object.Object.URL, Reason: object.Err.Error(),
			})
		}
	}
	if x.plan.KeepUnread {
		copied = x.keepUnread(copied)
	}
	if len(copied.Objects) > 0 {
		if err := x.record(ctx, tx, copied); err != nil {
			return copied, err
		}
	}
	x.Failpoint("load.recorded")
	return copied, nil
}

// request is the COPY of a batch.
func (x *execution) request(objects []objectstore.Object) Copy {
	statement := x.plan.Statement
	if x.plan.Into.Name != "" {
		beside := *statement
		beside.Schema, beside.Name = string(x.plan.Into.Schema), string(x.plan.Into.Name)
		statement = &beside
	}
	request := Copy{Statement: statement, Objects: objects, Progress: x.progress()}
	if x.plan.Processed {
		request.True = string(catalogue.Processed)
	}
	return request
}

func (x *execution) recorder(tx pgx.Tx) recorder {
	return recorder{
		tx: tx, engine: x.Engine, load: x.run.ID, table: x.plan.File.Table, text: x.plan.File.Fingerprint,
	}
}

// keepUnread takes out what the caller tries again.
func (x *execution) keepUnread(copied clientcopy.Result) clientcopy.Result {
	left := map[objectstore.URL]bool{}
	for _, o := range copied.Objects {
		if o.Err != nil || o.Changed {
			left[o.Object.URL] = true
			x.result.Left = append(x.result.Left, Left{
				Step: x.plan.File.Name, Object: o.Object, Err: o.Err, Changed: o.Changed,
			})
		}
	}
	copied.Objects = slices.DeleteFunc(
		copied.Objects,
		func(o clientcopy.ObjectResult) bool { return left[o.Object.URL] },
	)
	copied.Rejects = slices.DeleteFunc(copied.Rejects, func(e clientcopy.RecordError) bool { return left[e.Object] })
	return copied
}

// refuse writes the rejects of a batch that COPY gave up, in a transaction of their own: the batch
// itself is rolled back.
func (x *execution) refuse(ctx context.Context, found clientcopy.Result, cause error) error {
	x.result.Rejects += int64(len(found.Rejects))
	x.warnFirstLines(found)
	refused := &RefusedError{Step: x.plan.File.Name, Cause: cause}
	err := x.run.Write(ctx, func(tx pgx.Tx) error {
		return x.recorder(tx).rejects(ctx, found.Rejects, found.Objects, rejectFailed)
	})
	if err != nil {
		return fmt.Errorf("%w; and its rejects could not be written: %w", refused, err)
	}
	return refused
}
