package transform

import (
	"context"

	"github.com/sparkify/dwh/internal/catalogue"
)

// replaceableNow tells whether a table can still be replaced, by what others have committed until
// now. The run's own snapshot is as old as the run: it does not show a privilege or a comment that
// came since, and another connection does. The caller holds the table's lock, so that nothing more
// comes.
func (w *work) replaceableNow(ctx context.Context, name catalogue.Name) (bool, error) {
	now := w.flushing.r.Pool
	if _, aside := w.twins[name]; aside {
		return catalogue.ReplaceableByTwin(ctx, now, w.tables[name])
	}
	_, ok, err := catalogue.Replaceable(ctx, now, w.tables[name])
	return ok, err
}
