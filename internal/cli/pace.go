package cli

import (
	"context"
	"time"

	"github.com/sparkify/dwh/internal/dwhdb"
)

// recentRuns is how many runs back the journal is asked how long a step takes.
const recentRuns = 20

// pace knows from the journal how long steps took. It is asked by one goroutine at a time.
type pace struct {
	journal *dwhdb.Queries
	read    bool
	steps   []dwhdb.DwhStep // the latest first
}

// expect says how long a step will take on so many rows: as long as last time on about as many. 0
// means that nothing like it was done lately.
func (p *pace) expect(ctx context.Context, step string, rows int64) time.Duration {
	if !p.read {
		p.read = true
		// Without a journal there is no estimate; the work itself says what is wrong with the
		// database.
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		runs, err := p.journal.Runs(ctx, recentRuns)
		if err != nil {
			return 0
		}
		for _, run := range runs {
			steps, err := p.journal.Steps(ctx, run.RunID)
			if err != nil {
				return 0
			}
			p.steps = append(p.steps, steps...)
		}
	}
	return expected(p.steps, step, rows)
}

// expected works with steps, the latest first. What a step did with half or twice the rows says
// little about now.
func expected(steps []dwhdb.DwhStep, name string, rows int64) time.Duration {
	for _, step := range steps {
		if step.Step != name || step.Outcome != "done" || step.EndedAt == nil || step.RowsIn == nil {
			continue
		}
		if before := *step.RowsIn; before > 0 && rows > before/2 && rows < before*2 {
			return time.Duration(float64(step.EndedAt.Sub(step.StartedAt)) * float64(rows) / float64(before))
		}
	}
	return 0
}
