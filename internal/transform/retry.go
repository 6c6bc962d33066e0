package transform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/journal"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/table"
)

// Retried is what Retry did.
type Retried struct {
	GivenUp []load.Forgotten   // versions of the object that the next load tries
	Loads   []load.RetryResult // of each load that had refused records
}

// Rows is how many rows were loaded.
func (r Retried) Rows() int64 {
	var rows int64
	for _, again := range r.Loads {
		rows += again.Rows + again.ObjectRows
	}
	return rows
}

// Retry tries refused records again: those of a table, of an object, or, with neither, all. Of an
// object it also forgets that it was quarantined or skipped, so that the next load tries it. A
// *load.RetryError says that there was nothing to do about the object. Rows that are loaded wait
// for the next run of the models.
func (r *Runner) Retry(
	ctx context.Context,
	command string,
	name catalogue.Name,
	url objectstore.URL,
) (out Retried, err error) {
	_, err = r.journaled(ctx, command, func(active *activeRun) error {
		run := active.loadRun()
		var nothing *load.RetryError
		if url != "" {
			var tables []string
			if name != "" {
				tables = []string{string(name)}
			}
			if out.GivenUp, err = r.loader.Retry(ctx, run, url, tables); err != nil && !errors.As(err, &nothing) {
				return err
			}
		}
		for _, step := range r.Steps {
			if !step.Load || name != "" && step.Table != name {
				continue
			}
			started := time.Now()
			again, err := r.loader.RetryRefused(ctx, run, step.file, url)
			found := again.Tried+again.Unread+again.Objects > 0
			if found {
				nothing = nil
				out.Loads = append(out.Loads, again)
				active.entry.Step(journal.Step{
					Name: "reject retry " + step.Name, Started: started, RowsIn: again.Tried,
					RowsOut: again.Rows + again.ObjectRows, Fingerprint: step.Fingerprint,
					Note: fmt.Sprintf(
						"%d refused again, %d could not be read, %d objects whole",
						again.Refused, again.Unread, again.Objects,
					),
				})
			}
			if err != nil {
				return err
			}
		}
		if nothing != nil {
			return nothing
		}
		return nil
	})
	return out, err
}

// tellWaiting says which loads have refused records that wait to be tried again.
func (r *Runner) tellWaiting(ctx context.Context, result *Result) error {
	var files []*load.File
	for _, step := range r.Steps {
		if step.Load {
			files = append(files, step.file)
		}
	}
	var err error
	if result.Waiting, err = load.WaitingLoads(ctx, dwhdb.New(r.Pool), files); err != nil {
		return err
	}
	for _, waiting := range result.Waiting {
		what := "1 refused record waits"
		if waiting.Records > 1 {
			what = table.Count(waiting.Records) + " refused records wait"
		}
		r.Observer(progress.Event{
			Kind: progress.Warning, Step: waiting.Step,
			Text: fmt.Sprintf(
				"%s: the COPY at %s has changed since; try again with dwh reject retry", what,
				waiting.Place,
			),
		})
	}
	return nil
}
