package cli

import (
	"context"
	"fmt"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/objectstore"
)

// maxPathsBytes is far beyond any JSONPaths file.
const maxPathsBytes = 1 << 20

// sources looks at each source of the project: whether it is given, and whether it can be read.
func (d *doctorRun) sources(ctx context.Context) {
	p, err := d.app.openProject(d.cfg)
	if err != nil {
		return // the command has ended with it
	}
	engine, err := engineOf(d.cfg)
	if err != nil {
		return // said of the connection
	}
	steps, err := p.stepsIfAny(engine)
	if err != nil {
		d.fail("sources", err, "run dwh lint")
		return
	}
	if err := unknownSources(steps, d.cfg); err != nil {
		d.fail("sources", err, "")
	}
	store := d.app.store(d.cfg)
	for _, s := range sourcesOf(steps, d.cfg) {
		subject := "source " + s.name
		switch need := s.needs[0]; {
		case s.url == "" && s.optional():
			d.add(subject, "ok", s.state(), "")
		case s.url == "":
			d.add(subject, "warn", fmt.Sprintf("not given, and %s needs it", s.loads()),
				fmt.Sprintf(
					"write %s, or %s: URL under sources: in dwh.yaml",
					sourceExample(s.name, "URL"), s.name,
				))
		case need.JSONPaths:
			d.paths(ctx, store, subject, s)
		default:
			d.source(ctx, store, subject, s, need.File)
		}
	}
}

// paths reads a JSONPaths file.
func (d *doctorRun) paths(ctx context.Context, store *objectstore.Store, subject string, s source) {
	u, err := objectstore.ParseURL(d.cfg.SQLVariables()[s.name])
	if err == nil {
		_, _, err = store.ReadAll(ctx, u, maxPathsBytes)
	}
	if err != nil {
		d.fail(subject, err, "")
		return
	}
	d.add(subject, "ok", fmt.Sprintf("%s can be read (%s)", config.RedactDSN(string(u)), s.origin), "")
}

// source lists up to the first object that the load takes, and opens it.
func (d *doctorRun) source(ctx context.Context, store *objectstore.Store, subject string, s source, file *load.File) {
	vars := d.cfg.SQLVariables()
	if missing := file.Missing(vars); len(missing) > 0 {
		vars[missing[0].Source] = copystmt.PathsAuto // its own line says that it is not given
	}
	statement, err := file.Statement(vars)
	if err != nil {
		d.fail(subject, err, "")
		return
	}
	found, object, err := firstTaken(ctx, store, file, statement, func(objectstore.Object) bool { return true })
	if err == nil && object.URL != "" {
		body, opened := store.Open(ctx, object)
		if err = opened; err == nil {
			_ = body.Close()
		}
	}
	switch {
	case err != nil:
		d.fail(subject, err, "")
	case object.URL != "":
		d.add(subject, "ok", fmt.Sprintf("%s can be listed and read (%s)", s.url, s.origin), "")
	case found:
		_, why := file.Takes(objectstore.Object{})
		d.add(subject, "warn", fmt.Sprintf("the load takes no object under %s because of its name: %s "+
			"(%s)", s.url, why, s.origin),
			"check the source's URL, or the files: line of the load")
	default:
		d.add(subject, "warn", fmt.Sprintf("no objects under %s (%s)", s.url, s.origin), "check the source's URL")
	}
}

// taker is a load.
type taker interface {
	Takes(o objectstore.Object) (ok bool, reason string)
}

// firstTaken is the first object of a source that its load takes and that is wanted; the zero
// Object for none. found tells whether there is any object. A manifest's first object is wanted.
func firstTaken(ctx context.Context, store *objectstore.Store, by taker, statement *copystmt.Statement,
	wanted func(objectstore.Object) bool) (found bool, object objectstore.Object, err error) {
	if statement.Manifest {
		entries, err := clientcopy.Manifest(ctx, store, statement)
		if err != nil || len(entries) == 0 {
			return false, objectstore.Object{}, err
		}
		return true, entries[0], nil
	}
	prefix, err := objectstore.ParseURL(statement.From)
	if err != nil {
		return false, objectstore.Object{}, err
	}
	for object, err := range store.List(ctx, prefix) {
		if err != nil {
			return found, objectstore.Object{}, err
		}
		found = true
		if ok, _ := by.Takes(object); ok && wanted(object) {
			return true, object, nil
		}
	}
	return found, objectstore.Object{}, nil
}
