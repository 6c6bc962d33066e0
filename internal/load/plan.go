package load

import (
	"context"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/progress"
)

// A Plan says what one load copies, where to, and in which transactions. Loader.Load carries it
// out.
type Plan struct {
	File *File // the load that is planned
	// Statement is the file's COPY with its values; nil of a load without a source, which is
	// skipped.
	Statement *copystmt.Statement
	// Batches are the objects to load, in byte order of their URLs. An error ends them; what came
	// before it is loaded.
	Batches iter.Seq2[[]objectstore.Object, error]
	// Into is the table that the rows go into; the zero Table: the staging table itself.
	Into catalogue.Table
	// Processed stages the rows as processed, because the same transaction builds the models from
	// them. It needs a Copier that can SetTrue.
	Processed bool
	// Tx is the one transaction of all batches, which the caller commits. nil: each batch is
	// committed in a transaction of its own; what is wrong with a batch is then recorded, and
	// objects that cannot be read are left out of it.
	Tx pgx.Tx
	// KeepUnread says that the caller tries objects again that cannot be read or that changed: they
	// stand in Result.Left, and in no reject.
	KeepUnread bool
	// Copied, where set, is called behind each batch.
	Copied func(ctx context.Context) error

	listing *listing      // that Batches come from; nil of objects that the caller names
	objects int           // in the batches that Gather has listed
	took    time.Duration // to list those
	stop    func()        // ends a listing that Gather has not brought to its end
}

// Plan plans to load what is new of a load's source, in a transaction for each batch.
func (l *Loader) Plan(ctx context.Context, file *File) (*Plan, error) {
	plan := &Plan{File: file, stop: func() {}}
	if !file.Configured(l.Vars) {
		return plan, nil
	}
	l.Observer(progress.Event{Kind: progress.StepStarted, Step: file.Name})
	var err error
	if plan.Statement, err = file.Statement(l.Vars); err != nil {
		return nil, err
	}
	plan.listing = &listing{loader: l, file: file, statement: plan.Statement, left: map[string]int{}}
	plan.Batches = plan.listing.batches(ctx)
	return plan, nil
}

// PlanObjects plans to load objects that the caller has found, in the caller's transaction.
func (l *Loader) PlanObjects(file *File, objects []objectstore.Object) (*Plan, error) {
	statement, err := file.Statement(l.Vars)
	if err != nil {
		return nil, err
	}
	return &Plan{
		File: file, Statement: statement, Batches: each([][]objectstore.Object{objects}), KeepUnread: true,
		objects: len(objects), stop: func() {},
	}, nil
}

// each hands out batches that are listed.
func each(batches [][]objectstore.Object) iter.Seq2[[]objectstore.Object, error] {
	return func(yield func([]objectstore.Object, error) bool) {
		for _, batch := range batches {
			if !yield(batch, nil) {
				return
			}
		}
	}
}

// Gather lists the objects before any is loaded, as long as fits says that so many objects and
// bytes are not too much. whole says that Batches hold all there is to load, or, with an error, all
// that was listed before it. Otherwise they begin with what was listed, and go on with the listing:
// Close ends it.
func (p *Plan) Gather(fits func(objects int, bytes int64) bool) (whole bool, err error) {
	if p.Statement == nil {
		return true, nil
	}
	started := time.Now()
	defer func() { p.took = time.Since(started) }()
	next, stop := iter.Pull2(p.Batches)
	p.stop = stop
	var gathered [][]objectstore.Object
	p.Batches = func(yield func([]objectstore.Object, error) bool) {
		for batch := range each(gathered) {
			if !yield(batch, nil) {
				return
			}
		}
		for batch, err, ok := next(); ok; batch, err, ok = next() {
			if !yield(batch, err) || err != nil {
				return
			}
		}
	}
	for {
		batch, err, more := next()
		if err != nil || !more {
			stop()
			return true, err
		}
		gathered = append(gathered, batch)
		p.objects += len(batch)
		if !fits(p.objects, p.listing.pending) {
			return false, nil
		}
	}
}

// Objects is how many objects Gather has listed.
func (p *Plan) Objects() int { return p.objects }

// Bytes is how many bytes there are to load, as far as they are listed.
func (p *Plan) Bytes() int64 {
	if p.listing == nil {
		return 0
	}
	return p.listing.pending
}

// Close ends the listing of a plan that is not carried out to its end.
func (p *Plan) Close() { p.stop() }

// Tell says what was noticed while the objects were listed. Call it when the load is done.
func (p *Plan) Tell() {
	if p.listing != nil {
		p.listing.tell()
	}
}
