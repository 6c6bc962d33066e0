package load

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/progress"
)

// A listing lists the objects of a source that the ledger does not hold.
type listing struct {
	loader    *Loader
	file      *File
	statement *copystmt.Statement

	known   known // objects that the ledger holds
	pending int64 // bytes of the others, as far as they are listed
	more    bool  // the listing has not ended

	objects int             // all of them
	left    map[string]int  // objects that the load does not take, by why
	beside  objectstore.URL // one that only the prefix matches, "" without
}

// batches lists the objects, in batches that one transaction may load. An error ends it. It reads
// the ledger on a connection of its own meanwhile.
func (g *listing) batches(ctx context.Context) iter.Seq2[[]objectstore.Object, error] {
	return func(yield func([]objectstore.Object, error) bool) {
		var batch []objectstore.Object
		var bytes int64
		g.more = true
		for object, err := range g.unloaded(ctx) {
			if err != nil {
				yield(nil, err)
				return
			}
			batch = append(batch, object)
			bytes += object.Size
			g.pending += object.Size
			if len(batch) >= g.loader.BatchObjects || bytes >= g.loader.BatchBytes {
				if !yield(batch, nil) {
					return
				}
				batch, bytes = nil, 0
			}
		}
		g.more = false
		if len(batch) > 0 {
			yield(batch, nil)
		}
	}
}

// unloaded lists the objects to load, in byte order of URLs.
func (g *listing) unloaded(ctx context.Context) iter.Seq2[objectstore.Object, error] {
	return func(yield func(objectstore.Object, error) bool) {
		var prefix objectstore.URL // none of a manifest, which names its objects
		if !g.statement.Manifest {
			var err error
			if prefix, err = objectstore.ParseURL(g.statement.From); err != nil {
				yield(objectstore.Object{}, err)
				return
			}
		}
		held := ledger{pool: g.loader.Pool, table: g.file.Table, prefix: prefix}
		defer held.close()
		for object, err := range g.loader.objects(ctx, g.statement) {
			if err != nil {
				yield(object, err)
				return
			}
			if g.objects++; g.objects%1000 == 0 {
				g.loader.Observer(progress.Event{
					Kind: progress.StepUnderWay, Step: g.file.Name, Listed: int64(g.objects),
				})
			}
			if ok, reason := g.file.Takes(object); !ok {
				g.left[reason]++
				continue
			}
			if prefix != "" && g.beside == "" && g.loader.Store.Beside(prefix, object) {
				g.beside = object.URL
			}
			switch outcome, err := held.outcome(ctx, object); {
			case err != nil:
				yield(object, err)
				return
			case outcome != "":
				g.known.add(outcome)
			case !yield(object, nil):
				return
			}
		}
	}
}

// tell says what was noticed while the objects were listed.
func (g *listing) tell() {
	say := func(kind progress.Kind, format string, args ...any) {
		g.loader.Observer(progress.Event{Kind: kind, Step: g.file.Name, Text: fmt.Sprintf(format, args...)})
	}
	if g.beside != "" {
		say(progress.Warning, "the prefix %s also matches %s; end it with / to load that folder only",
			g.statement.From, g.beside)
	}
	for _, reason := range slices.Sorted(maps.Keys(g.left)) {
		say(progress.Note, "left out %s: %s", objectsText(g.left[reason]), reason)
	}
	if g.objects == 0 {
		say(progress.Note, "there are no objects under %s", g.statement.From)
	}
}

// objectsText is "1 object" or "2 objects".
func objectsText(n int) string {
	if n == 1 {
		return "1 object"
	}
	return fmt.Sprintf("%d objects", n)
}

// objects lists what a statement means, in byte order of URLs, no URL twice.
func (l *Loader) objects(ctx context.Context, statement *copystmt.Statement) iter.Seq2[objectstore.Object, error] {
	return func(yield func(objectstore.Object, error) bool) {
		if !statement.Manifest {
			prefix, err := objectstore.ParseURL(statement.From)
			if err != nil {
				yield(objectstore.Object{}, err)
				return
			}
			l.Store.List(ctx, prefix)(yield)
			return
		}
		entries, err := clientcopy.Manifest(ctx, l.Store, statement)
		if err != nil {
			yield(objectstore.Object{}, err)
			return
		}
		// A manifest may name an object twice, and COPY would load it twice; the ledger's promise
		// is stronger.
		slices.SortFunc(
			entries,
			func(a, b objectstore.Object) int { return strings.Compare(string(a.URL), string(b.URL)) },
		)
		entries = slices.CompactFunc(entries, func(a, b objectstore.Object) bool { return a.URL == b.URL })
		for _, entry := range entries {
			if !yield(entry, nil) {
				return
			}
		}
	}
}
