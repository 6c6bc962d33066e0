package transform

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/progress"
)

// listing is what was noticed while objects were listed.
type listing struct {
	objects int             // all of them, known or not
	left    map[string]int  // objects that the load does not take, by why
	beside  objectstore.URL // one that only the prefix matches, "" without
}

// tell says what a listing noticed.
func (r *Runner) tell(step Step, statement *copystmt.Statement, found listing) {
	if found.beside != "" {
		r.Observer(progress.Event{Kind: progress.Warning, Step: step.Name, Text: fmt.Sprintf("the prefix %s also matches %s; end it with / to load that folder only", statement.From, found.beside)})
	}
	for _, reason := range slices.Sorted(maps.Keys(found.left)) {
		r.Observer(progress.Event{Kind: progress.Note, Step: step.Name, Text: fmt.Sprintf("left out %d objects: %s", found.left[reason], reason)})
	}
	if found.objects == 0 {
		r.Observer(progress.Event{Kind: progress.Note, Step: step.Name, Text: fmt.Sprintf("there are no objects under %s", statement.From)})
	}
}

// list hands the objects that the ledger does not know to do, in batches of bounded size.
func (r *Runner) list(ctx context.Context, step Step, statement *copystmt.Statement, result *LoadResult, do func(batch []objectstore.Object) error) (listing, error) {
	found := listing{left: map[string]int{}}
	// What the ledger knows is read beside the listing, in the same order, so that neither has to fit
	// in memory.
	var known *ledger
	defer func() {
		if known != nil {
			known.close()
		}
	}()
	var prefix objectstore.URL // none of a manifest, which names its objects
	if !statement.Manifest {
		var err error
		if prefix, err = objectstore.ParseURL(statement.From); err != nil {
			return found, err
		}
	}

	var batch []objectstore.Object
	var bytes int64
	flush := func(more bool) error {
		if len(batch) == 0 {
			return nil
		}
		result.more = more
		err := do(batch)
		batch, bytes = nil, 0
		return err
	}
	for object, err := range r.objects(ctx, statement) {
		if err != nil {
			return found, err
		}
		if found.objects++; found.objects%1000 == 0 {
			r.Observer(progress.Event{Kind: progress.StepUnderWay, Step: step.Name, Listed: int64(found.objects)})
		}
		if ok, reason := r.Lister.Wanted(step.Source, object); !ok {
			found.left[reason]++
			continue
		}
		if prefix != "" && found.beside == "" && r.Lister.Beside(prefix, object) {
			found.beside = object.URL
		}
		if known == nil {
			if known, err = r.openLedger(ctx, step.Table, object.URL, prefix); err != nil {
				return found, err
			}
		}
		held, err := known.knows(object)
		if err != nil {
			return found, err
		}
		if held {
			result.Known++
			continue
		}
		batch = append(batch, object)
		bytes += object.Size
		result.found += object.Size
		if len(batch) >= r.BatchObjects || bytes >= r.BatchBytes {
			if err := flush(true); err != nil {
				return found, err
			}
		}
	}
	return found, flush(false)
}

// objects lists what the statement means, in byte order of URLs, no URL twice.
func (r *Runner) objects(ctx context.Context, statement *copystmt.Statement) iter.Seq2[objectstore.Object, error] {
	if !statement.Manifest {
		prefix, err := objectstore.ParseURL(statement.From)
		if err != nil {
			return func(yield func(objectstore.Object, error) bool) { yield(objectstore.Object{}, err) }
		}
		return r.Lister.List(ctx, prefix)
	}
	return func(yield func(objectstore.Object, error) bool) {
		entries, err := r.Lister.Manifest(ctx, statement)
		if err != nil {
			yield(objectstore.Object{}, err)
			return
		}
		// A manifest may name an object twice, and COPY would load it twice; the ledger's promise is
		// stronger.
		slices.SortFunc(entries, func(a, b objectstore.Object) int { return strings.Compare(string(a.URL), string(b.URL)) })
		entries = slices.CompactFunc(entries, func(a, b objectstore.Object) bool { return a.URL == b.URL })
		for _, entry := range entries {
			if !yield(entry, nil) {
				return
			}
		}
	}
}

// each does something with one batch after the other.
func each(batches [][]objectstore.Object, do func(batch []objectstore.Object) error) error {
	for _, batch := range batches {
		if err := do(batch); err != nil {
			return err
		}
	}
	return nil
}
