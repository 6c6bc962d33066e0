package load

import (
	"cmp"
	"context"
	"iter"

	"github.com/sparkify/dwh/internal/objectstore"
)

// Source is where a configured load finds its objects, as a server watches it.
type Source struct {
	File     *File           // the load that reads it
	URL      objectstore.URL // the prefix, folder, file or manifest
	Manifest bool            // URL is that of a manifest
}

// Sources returns where the loads find their objects, in their order, without those that are not
// configured.
func (l *Loader) Sources(files []*File) ([]Source, error) {
	var out []Source
	for _, file := range files {
		if !file.Configured(l.Vars) {
			continue
		}
		statement, err := file.Statement(l.Vars)
		if err != nil {
			return nil, err
		}
		url, err := objectstore.ParseURL(statement.From)
		if err != nil {
			return nil, err
		}
		out = append(out, Source{File: file, URL: url, Manifest: statement.Manifest})
	}
	return out, nil
}

// A Part is the part of a source to list: what begins with Prefix and lies behind After, both ""
// for all.
type Part struct {
	Prefix, After objectstore.URL
}

// Unloaded lists the objects of a part of a source that the ledger does not hold, in byte order.
// listed, where given, is called for every object that is there. The ledger is read alongside, on a
// connection of its own: break off soon rather than wait in the middle.
func (l *Loader) Unloaded(
	ctx context.Context, source Source, part Part, listed func(objectstore.Object),
) iter.Seq2[objectstore.Object, error] {
	return func(yield func(objectstore.Object, error) bool) {
		// Nothing that lies outside the part needs to be read of the ledger.
		held := ledger{pool: l.Pool, table: source.File.Table, prefix: part.Prefix}
		defer held.close()
		for object, err := range l.listPart(ctx, source, part) {
			if err != nil {
				yield(object, err)
				return
			}
			if listed != nil {
				listed(object)
			}
			if ok, _ := source.File.Takes(object); !ok {
				continue
			}
			switch outcome, err := held.outcome(ctx, object); {
			case err != nil:
				yield(object, err)
				return
			case outcome == "" && !yield(object, nil):
				return
			}
		}
	}
}

// listPart lists without the ledger.
func (l *Loader) listPart(ctx context.Context, source Source, part Part) iter.Seq2[objectstore.Object, error] {
	if !source.Manifest {
		return l.Store.ListAfter(ctx, cmp.Or(part.Prefix, source.URL), part.After)
	}
	return func(yield func(objectstore.Object, error) bool) {
		statement, err := source.File.Statement(l.Vars)
		if err != nil {
			yield(objectstore.Object{}, err)
			return
		}
		for object, err := range l.objects(ctx, statement) {
			if (err != nil || object.URL > part.After) && !yield(object, err) {
				return
			}
		}
	}
}
