// Package compact packs many small objects into few large ones before COPY loads them.
package compact

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sort"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/nativecopy"
	"github.com/sparkify/dwh/internal/objectstore"
)

// Copier is a COPY that reads objects where they are.
type Copier interface {
	// Copy loads just these objects, inside the transaction that is open on conn, as
	// nativecopy.Copier does.
	Copy(
		ctx context.Context, conn *pgx.Conn, statement *copystmt.Statement,
		objects []objectstore.Object, progress func(clientcopy.Progress),
	) (clientcopy.Result, error)
	// Complete finds counts that Copy did not know, as load.Copier says.
	Complete(
		ctx context.Context, statement *copystmt.Statement, objects []objectstore.Object,
	) (clientcopy.Result, error)
	// ForRun names the run that the next copies work for.
	ForRun(run string)
}

// Options are what a Packer needs.
type Options struct {
	Copier     Copier             // loads the packs, and the objects that are not packed
	Store      *objectstore.Store // reads the objects, and writes and deletes packs
	WorkPrefix objectstore.URL    // where packs are written
	Workers    int                // objects read at once; 0: 32
	Logger     *slog.Logger       // of what is packed; nil: none
	// Told is called once for a load that packs, with how many objects became how many packs; nil:
	// not.
	Told func(objects, packs int)
}

// Packer is a Copier that packs. Its results speak of the original objects: the ledger never sees a
// pack, so that each original is loaded exactly once whether it was packed or not.
type Packer struct{ Options }

// New returns a Packer.
func New(o Options) *Packer {
	if o.Workers <= 0 {
		o.Workers = 32
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Told == nil {
		o.Told = func(int, int) {}
	}
	return &Packer{o}
}

// ForRun tells the Copier underneath. Packs are not named by the run but by what they hold, so that
// a later run finds them.
func (p *Packer) ForRun(run string) { p.Copier.ForRun(run) }

// Complete asks the Copier underneath: only objects that were not packed can lack their counts.
func (p *Packer) Complete(
	ctx context.Context, statement *copystmt.Statement, objects []objectstore.Object,
) (clientcopy.Result, error) {
	return p.Copier.Complete(ctx, statement, objects)
}

// Copy is nativecopy's, by way of packs. Objects that cannot be packed without changing what COPY
// makes of them (large ones, those that are no sequence of JSON records, other formats than JSON)
// are loaded as they are, in the same transaction.
//
// A pack that is finished stays when the load breaks off, and the next try takes it up; after the
// COPY it is deleted.
func (p *Packer) Copy(
	ctx context.Context, conn *pgx.Conn, statement *copystmt.Statement,
	objects []objectstore.Object, progress func(clientcopy.Progress),
) (clientcopy.Result, error) {
	if statement.Format != copystmt.JSON || statement.IgnoreHeader > 0 ||
		statement.Compression == copystmt.Lzop || len(objects) < 2 {
		return p.Copier.Copy(ctx, conn, statement, objects, progress)
	}
	made, err := p.pack(ctx, statement, objects)
	if err != nil {
		return clientcopy.Result{}, fmt.Errorf("pack objects: %w", err)
	}
	if len(made.packs) > 0 {
		p.Told(made.packed(), len(made.packs))
	}
	result, err := p.load(ctx, conn, statement, objects, made, progress)
	var tooMany *clientcopy.MaxErrorError
	var fatal *clientcopy.FatalError
	if err == nil || errors.As(err, &tooMany) || errors.As(err, &fatal) {
		// A load that the data ended is not taken up again with these bytes.
		p.discard(ctx, made)
	}
	return result, err
}

// load runs one COPY over the packs and one over the other objects, and says what became of each
// original.
func (p *Packer) load(
	ctx context.Context, conn *pgx.Conn, statement *copystmt.Statement,
	objects []objectstore.Object, made batch, progress func(clientcopy.Progress),
) (clientcopy.Result, error) {
	limit := max(1, statement.MaxError)
	place := make(map[objectstore.URL]int, len(objects))
	result := clientcopy.Result{Objects: make([]clientcopy.ObjectResult, len(objects))}
	for i, o := range objects {
		result.Objects[i].Object = o
		place[o.URL] = i
	}
	for _, bad := range made.bad {
		result.Objects[place[bad.Object.URL]] = bad
		if !bad.Changed {
			result.Rejects = append(
				result.Rejects,
				clientcopy.RecordError{Object: bad.Object.URL, Reason: bad.Err.Error()},
			)
		}
	}
	var done clientcopy.Progress
	step := func(now clientcopy.Progress) {
		if progress != nil {
			now.Rows += done.Rows
			now.Objects = len(objects)
			progress(now)
		}
	}
	sorted := func() {
		sort.SliceStable(result.Rejects, func(a, b int) bool {
			x, y := result.Rejects[a], result.Rejects[b]
			if x.Object != y.Object {
				return place[x.Object] < place[y.Object]
			}
			return x.Line < y.Line
		})
	}
	// failure is the error of one of the COPYs in terms of the originals.
	failure := func(err error, back func(clientcopy.RecordError) clientcopy.RecordError) error {
		var tooMany *clientcopy.MaxErrorError
		var fatal *clientcopy.FatalError
		switch {
		case errors.As(err, &tooMany):
			for _, r := range tooMany.Result.Rejects {
				result.Rejects = append(result.Rejects, back(r))
			}
			sorted()
			result.Rows = 0
			return &clientcopy.MaxErrorError{Limit: limit, Result: result}
		case errors.As(err, &fatal):
			for _, r := range fatal.Result.Rejects {
				result.Rejects = append(result.Rejects, back(r))
			}
			sorted()
			result.Rows = 0
			return &clientcopy.FatalError{Record: back(fatal.Record), Result: result}
		}
		return err
	}

	if len(made.packs) > 0 {
		packed := *statement
		packed.Compression = copystmt.Gzip
		loaded, err := p.Copier.Copy(ctx, conn, &packed, made.objects(), step)
		if err == nil {
			loaded, err = p.settle(ctx, &packed, loaded, made)
		}
		if err != nil {
			return clientcopy.Result{}, failure(err, made.original)
		}
		done.Rows = loaded.Rows
		result.Rows += loaded.Rows
		rejected := map[objectstore.URL]int64{}
		for _, r := range loaded.Rejects {
			r = made.original(r)
			rejected[r.Object]++
			result.Rejects = append(result.Rejects, r)
		}
		for _, pack := range made.packs {
			for _, part := range pack.Parts {
				o := &result.Objects[place[part.URL]]
				o.Rejects = rejected[part.URL]
				o.Rows = part.Records - o.Rejects
			}
		}
	}
	if len(made.apart) > 0 {
		loaded, err := p.Copier.Copy(ctx, conn, statement, made.apart, step)
		if err != nil {
			return clientcopy.Result{}, failure(err, func(r clientcopy.RecordError) clientcopy.RecordError { return r })
		}
		result.Rows += loaded.Rows
		result.Rejects = append(result.Rejects, loaded.Rejects...)
		for _, o := range loaded.Objects {
			result.Objects[place[o.Object.URL]] = o
		}
	}
	sorted()
	if len(result.Rejects) >= limit {
		// Each COPY kept below MAXERROR, both together do not.
		result.Rows = 0
		return clientcopy.Result{}, &clientcopy.MaxErrorError{Limit: limit, Result: result}
	}
	return result, nil
}

// Redshift's views may show what a COPY refused some time after it. A ledger row of an object that
// was in a pack cannot be completed later, so that refused records are waited for.
const (
	patience = 2 * time.Minute
	pause    = 2 * time.Second
)

// settle sees to it that all rejects of the packs are known.
func (p *Packer) settle(
	ctx context.Context, statement *copystmt.Statement, loaded clientcopy.Result, made batch,
) (clientcopy.Result, error) {
	known := func(r clientcopy.Result) bool {
		return !slices.ContainsFunc(r.Objects, func(o clientcopy.ObjectResult) bool { return o.Rows < 0 })
	}
	var records int64
	for _, pack := range made.packs {
		for _, part := range pack.Parts {
			records += part.Records
		}
	}
	// Every record of a pack is one: what was not loaded was refused.
	missing := records - loaded.Rows
	if known(loaded) || missing == 0 {
		return loaded, nil
	}
	objects := made.objects()
	sort.Slice(objects, func(a, b int) bool { return objects[a].URL < objects[b].URL })
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		found, err := p.Copier.Complete(ctx, statement, objects)
		if err != nil {
			return clientcopy.Result{}, err
		}
		if int64(len(found.Rejects)) == missing {
			found.Rows = loaded.Rows
			return found, nil
		}
		select {
		case <-ctx.Done():
			return clientcopy.Result{}, ctx.Err()
		case <-time.After(pause):
		}
	}
	return clientcopy.Result{}, &BehindError{Missing: missing}
}

// A BehindError says that Redshift refused records of packs and does not say which. Missing is how
// many they are.
type BehindError struct{ Missing int64 }

func (e *BehindError) Error() string {
	return fmt.Sprintf(
		"%d records were refused, and Redshift's load views do not show them after %s", e.Missing,
		patience,
	)
}

// Hint says what to do next.
func (*BehindError) Hint() string {
	return "nothing was loaded: run the command again, or load without packing (load.compact: false)"
}

// discard deletes packs.
func (p *Packer) discard(ctx context.Context, made batch) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	for _, pack := range made.packs {
		// a pack without its index is none
		for _, u := range []objectstore.URL{pack.Index, pack.Object.URL} {
			if err := p.Store.Delete(ctx, u); err != nil {
				p.Logger.Warn("a pack object could not be deleted", "url", string(u), "error", err)
			}
		}
	}
}

// keep is how long packs that no load took up are kept.
const keep = 7 * 24 * time.Hour

// Sweep deletes packs that were left behind a week ago or more, and returns how many objects that
// were.
func Sweep(ctx context.Context, store *objectstore.Store, workPrefix objectstore.URL, now time.Time) (int, error) {
	swept := 0
	for o, err := range store.List(ctx, nativecopy.Under(workPrefix, folder)+"/") {
		if err != nil {
			return swept, fmt.Errorf("look for old packs: %w", err)
		}
		if now.Sub(o.LastModified) < keep {
			continue
		}
		if err := store.Delete(ctx, o.URL); err != nil {
			return swept, fmt.Errorf("delete old packs: %w", err)
		}
		swept++
	}
	return swept, nil
}
