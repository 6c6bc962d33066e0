package transform

import (
	"context"
	"log/slog"
	"time"

	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/telemetry"
)

// heartbeat is how often a run that works says so in the journal, unless Options.Heartbeat says
// otherwise.
const heartbeat = time.Minute

// silence is after how long without a word a run is taken for dead. It is long because the words
// are read by the clock of another machine; a run that was told to be dead by mistake shows up
// again with its next word.
const silence = 5 * heartbeat

// keepAlive begins to say that the run works. quiet, which end calls, ends that and waits for it.
func (j *journal) keepAlive(ctx context.Context, every time.Duration, logger *slog.Logger) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(telemetry.Quiet(ctx)))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-ticker.C:
				now = now.UTC()
				if err := j.db.BeatRun(ctx, &now, j.run); err != nil && ctx.Err() == nil {
					logger.Debug("the journal could not be told that the run works", "error", err)
				}
			}
		}
	}()
	j.quiet = func() {
		cancel()
		<-ended
	}
}

// Seen returns a row of the journal as it is to be told at a moment. A run that was killed left the
// word "running" behind: one that has said nothing for five minutes is "interrupted", and its end
// is when it was last heard of, if ever. One that does run has no end yet.
func Seen(run dwhdb.DwhRun, now time.Time) dwhdb.DwhRun {
	if run.Outcome != "running" {
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
	run.Outcome = outcomeInterrupted
	return run
}
