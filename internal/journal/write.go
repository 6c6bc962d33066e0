package journal

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/bulk"
	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/writelock"
)

// put writes the steps and checks and, last, the end of the run; nil: it has not come.
// PostgreSQL takes them in one message, which is one transaction
// (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY). On Redshift
// they are a statement for each table. A transaction of all three would take its snapshot before it
// waits for whoever writes the same tables, and end in error 1023 behind it
// (dg/c_serial_isolation); without one, a run that breaks off in between is still called running.
func (r *Run) put(ctx context.Context, end *dwhdb.EndRunParams) error {
	j := r.journal
	if j.Engine != sqlfile.Postgres {
		own := writelock.Retrying(j.Pool)
		err := errors.Join(
			bulk.InsertValues(ctx, own, "dwh_step", stepColumns, r.stepRows()),
			bulk.InsertValues(ctx, own, "dwh_check", checkColumns, r.checkRows()),
		)
		if end == nil {
			return err
		}
		// how the run went is worth more than its steps
		return errors.Join(err, j.db.EndRun(ctx, *end))
	}
	batch := &pgx.Batch{}
	for _, row := range r.stepRows() {
		batch.Queue(dwhdb.AddStep, row...)
	}
	for _, row := range r.checkRows() {
		batch.Queue(dwhdb.AddCheck, row...)
	}
	if end != nil {
		batch.Queue(dwhdb.EndRun, end.EndedAt, end.Outcome, end.Error, end.Retries, end.RunID)
	}
	if batch.Len() == 0 {
		return nil
	}
	return writelock.Retry(ctx, func() error { return j.Pool.SendBatch(ctx, batch).Close() })
}

// The columns in the order in which AddStep and AddCheck have them.
var (
	stepColumns = []catalogue.Name{
		"run_id", "position", "step", "started_at", "ended_at", "rows_in", "rows_out",
		"fingerprint", "outcome", "note",
	}
	checkColumns = []catalogue.Name{"run_id", "name", "severity", "outcome", "violations", "checked_at"}
)

func (r *Run) stepRows() [][]any {
	rows := make([][]any, len(r.steps))
	for i, s := range r.steps {
		rows[i] = []any{
			s.RunID, int64(s.Position), s.Step, s.StartedAt, *s.EndedAt, s.RowsIn, s.RowsOut,
			s.Fingerprint, s.Outcome, s.Note,
		}
	}
	return rows
}

func (r *Run) checkRows() [][]any {
	rows := make([][]any, len(r.checks))
	for i, c := range r.checks {
		rows[i] = []any{c.RunID, c.Name, c.Severity, c.Outcome, c.Violations, c.CheckedAt}
	}
	return rows
}
