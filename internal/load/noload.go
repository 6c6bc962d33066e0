package load

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/progress"
)

// unloaded counts what a COPY with NOLOAD has read: it checks the data and loads nothing
// (dg/copy-parameters-data-load).
type unloaded struct {
	objects int64 // that could be read
	rows    int64 // that would be loaded; 0 where the engine does not tell
}

// record writes down what became of a batch. After NOLOAD there are only refused records: the
// objects stay out of the ledger, so that the next load without NOLOAD loads them.
func (x *execution) record(ctx context.Context, tx pgx.Tx, copied clientcopy.Result) error {
	if x.plan.Statement.NoLoad {
		return x.recorder(tx).rejects(ctx, copied.Rejects, copied.Objects, rejectFailed)
	}
	return x.recorder(tx).batch(ctx, copied)
}

// tellUnloaded says that NOLOAD has loaded nothing, and what would be loaded without it.
func (x *execution) tellUnloaded() {
	read := x.unloaded
	if read.objects == 0 {
		return
	}
	text := fmt.Sprintf("NOLOAD: nothing is loaded; objects that were checked: %d", read.objects)
	if read.rows > 0 {
		text += fmt.Sprintf(", rows that would load: %d", read.rows)
	}
	x.Observer(progress.Event{Kind: progress.Note, Step: x.result.Step, Text: text})
}
