package transform

import (
	"cmp"
	"context"
	"fmt"
	"iter"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/objectstore"
)

// Source is a configured load, as a server watches it.
type Source struct {
	Step     string // the load's name
	Table    catalogue.Name
	Variable string          // that names the source, such as log_data; "" when the file names it itself
	URL      objectstore.URL // the prefix, folder, file or manifest
	Manifest bool
}

// Sources returns the loads that have a source, in their order.
func (r *Runner) Sources() ([]Source, error) {
	var out []Source
	for _, step := range r.Steps {
		if !step.Load || !step.Configured(r.Vars) {
			continue
		}
		statement, err := r.copyOf(step)
		if err != nil {
			return nil, err
		}
		url, err := objectstore.ParseURL(statement.From)
		if err != nil {
			return nil, err
		}
		out = append(out, Source{Step: step.Name, Table: step.Table, Variable: step.Source, URL: url, Manifest: statement.Manifest})
	}
	return out, nil
}

// A Part is the part of a source to look at: what begins with Prefix and lies behind After, both ""
// for all.
type Part struct {
	Prefix, After objectstore.URL
}

// Unloaded lists the objects of a part of a source that the ledger does not hold, in byte order.
// listed, where given, is called for every object that is there. The ledger is read alongside, on a
// connection of its own: break off soon rather than wait in the middle.
func (r *Runner) Unloaded(ctx context.Context, source Source, part Part, listed func(objectstore.Object)) iter.Seq2[objectstore.Object, error] {
	return func(yield func(objectstore.Object, error) bool) {
		var known *ledger
		defer func() {
			if known != nil {
				known.close()
			}
		}()
		for object, err := range r.listPart(ctx, source, part) {
			if err != nil {
				yield(object, err)
				return
			}
			if listed != nil {
				listed(object)
			}
			if ok, _ := r.Lister.Wanted(source.Variable, object); !ok {
				continue
			}
			if known == nil {
				// Nothing that lies outside the part needs to be read.
				if known, err = r.openLedger(ctx, source.Table, object.URL, part.Prefix); err != nil {
					yield(object, err)
					return
				}
			}
			held, err := known.knows(object)
			if err != nil {
				yield(object, err)
				return
			}
			if !held && !yield(object, nil) {
				return
			}
		}
	}
}

// listPart lists without the ledger.
func (r *Runner) listPart(ctx context.Context, source Source, part Part) iter.Seq2[objectstore.Object, error] {
	prefix := cmp.Or(part.Prefix, source.URL)
	if later, ok := r.Lister.(interface {
		ListAfter(ctx context.Context, prefix, after objectstore.URL) iter.Seq2[objectstore.Object, error]
	}); ok && !source.Manifest {
		return later.ListAfter(ctx, prefix, part.After)
	}
	all := r.Lister.List(ctx, prefix)
	if source.Manifest {
		if statement, err := r.statementOf(source.Step); err == nil {
			all = r.objects(ctx, statement)
		}
	}
	return func(yield func(objectstore.Object, error) bool) {
		for object, err := range all {
			if (err != nil || object.URL > part.After) && !yield(object, err) {
				return
			}
		}
	}
}

func (r *Runner) statementOf(name string) (*copystmt.Statement, error) {
	for _, step := range r.Steps {
		if step.Name == name {
			return r.copyOf(step)
		}
	}
	return nil, fmt.Errorf("there is no load %q", name)
}
