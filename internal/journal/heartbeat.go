package journal

import (
	"context"
	"time"

	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/telemetry"
)

// heartbeat is how often a run writes that it works, unless Options.Heartbeat is set.
const heartbeat = time.Minute

// silence is how long a run may write nothing before it is taken for dead. It is long because the
// clock that is read may be another machine's. A run that was taken for dead by mistake shows up
// again with its next heartbeat.
const silence = 5 * heartbeat

// keepAlive begins to write that the run works. End calls quiet, which stops that and waits for it.
func (r *Run) keepAlive(ctx context.Context) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(telemetry.Quiet(ctx)))
	ended := make(chan struct{}) // the goroutine closes it
	go func() {
		defer close(ended)
		ticker := time.NewTicker(r.journal.Heartbeat)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-ticker.C:
				now = now.UTC()
				if err := r.journal.db.BeatRun(ctx, &now, r.ID); err != nil && ctx.Err() == nil {
					r.journal.Logger.Debug("the journal's heartbeat could not be written", "error", err)
				}
			}
		}
	}()
	r.quiet = func() {
		cancel()
		<-ended
	}
}

// Seen returns a row of dwh_run as people are to see it at a moment. A run that was killed is still
// "running" in the table: after five minutes without a heartbeat it is "interrupted", and its end
// is its last heartbeat, if there was any. A run that works has no end yet.
func Seen(run dwhdb.DwhRun, now time.Time) dwhdb.DwhRun {
	if run.Outcome != running {
		return run
	}
	heard := run.StartedAt
	if run.EndedAt != nil && run.EndedAt.After(heard) {
		heard = *run.EndedAt
	}
	if now.Sub(heard) < silence {
		run.EndedAt = nil
		return run
	}
	run.Outcome = interrupted
	return run
}
