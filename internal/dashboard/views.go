package dashboard

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/server"
	"github.com/sparkify/dwh/internal/transform"
)

const (
	// fresh is how long a look at the warehouse serves every view, as long as the server commits
	// nothing.
	fresh = 2 * time.Second
	// freshCounts is the same for the counts of rows: who else writes does so seldom.
	freshCounts = 20 * time.Second
	// shownRuns is how many of the latest runs the overview lists.
	shownRuns    = 8
	shownGivenUp = 20
)

// look is what the overview shows of the warehouse at one moment.
type look struct {
	Taken   time.Time
	Asked   time.Time // when the warehouse last answered; zero for never
	Err     error     // why it could not be asked; then only what was known before stands here
	Counts  []tableCount
	Counted time.Time
	Newest  time.Time // the newest record; zero for none, or a project that does not tell
	DoneAt  time.Time // when the latest run that went well ended; zero for none
	Checks  []dwhdb.DwhCheck
	Runs    []dwhdb.DwhRun
	// RunSteps are the steps of Runs.
	RunSteps []dwhdb.StepsOfRunsRow
	GivenUp  []dwhdb.GivenUpObjectsRow
	Stale    []string // why d_ and f_ do not follow from staging
	// StaleTables are the tables and helpers that do not.
	StaleTables []string

	committed, checked time.Time // of the server's state that it belongs to
	journal            string    // the pulse of the journal that Checks and Runs belong to
}

// views keep the latest look, so that many views, and many clients that are told of a change at
// once, cost one.
type views struct {
	turn chan struct{} // holds one while the warehouse is asked
	last *look         // of who holds the turn
}

func newViews() *views { return &views{turn: make(chan struct{}, 1)} }

// look returns what the warehouse holds. It fails only when ctx ends.
func (d *Dashboard) look(ctx context.Context, state server.State) (look, error) {
	select {
	case d.views.turn <- struct{}{}:
	case <-ctx.Done():
		return look{}, ctx.Err()
	}
	defer func() { <-d.views.turn }()
	last := d.views.last
	same := last != nil && last.committed.Equal(state.CommittedAt) && last.checked.Equal(state.CheckedAt)
	if same && time.Since(last.Taken) < fresh {
		return *last, nil
	}
	next := look{committed: state.CommittedAt, checked: state.CheckedAt}
	next.Err = d.fill(ctx, &next, last, same)
	next.Taken = time.Now() // those who waited meanwhile share it, failures included
	if ctx.Err() != nil {
		return look{}, ctx.Err() // nothing is known of the warehouse
	}
	switch {
	case next.Err == nil:
		next.Asked = next.Taken
	case last == nil:
		next.journal = "" // it may not have been read
	default:
		next.Asked = last.Asked
		next.Counts, next.Counted, next.Newest, next.DoneAt = last.Counts, last.Counted, last.Newest, last.DoneAt
		next.Checks, next.Runs, next.GivenUp, next.Stale, next.journal = last.Checks, last.Runs,
			last.GivenUp, last.Stale, last.journal
		next.StaleTables, next.RunSteps = last.StaleTables, last.RunSteps
	}
	d.views.last = &next
	return next, nil
}

// fill asks the warehouse.
func (d *Dashboard) fill(ctx context.Context, next, last *look, same bool) error {
	err := d.warehouse.read(ctx, func(tx pgx.Tx) (err error) {
		db := dwhdb.New(tx)
		pulse, err := db.JournalPulse(ctx)
		if err != nil {
			return fmt.Errorf("read the journal: %w", err)
		}
		if pulse.DoneAt.Unix() > 0 {
			next.DoneAt = pulse.DoneAt
		}
		next.journal = fmt.Sprint(pulse)
		if last != nil && last.journal == next.journal && last.checked.Equal(next.checked) {
			// Batches leave the journal alone until their run ends, and it grows for ever.
			next.Runs, next.RunSteps, next.Checks = last.Runs, last.RunSteps, last.Checks
		} else if err := readJournal(ctx, db, next); err != nil {
			return err
		}
		if next.GivenUp, err = db.GivenUpObjects(ctx, shownGivenUp); err != nil {
			return fmt.Errorf("read the rejects: %w", err)
		}
		staleness, err := transform.ReadStaleness(ctx, tx, d.Engine, d.Steps, transform.ReadOnly)
		if err != nil {
			return err
		}
		next.Stale, next.StaleTables = staleness.Reasons(), staleness.Tables()
		if d.Options.Newest == nil {
			return nil
		}
		next.Newest, err = d.Options.Newest.At(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	if same && time.Since(last.Counted) < freshCounts {
		next.Counts, next.Counted = last.Counts, last.Counted
		return nil
	}
	next.Counted = time.Now()
	next.Counts, err = d.warehouse.countTables(ctx, d.Engine)
	return err
}

// readJournal reads the latest runs and checks.
func readJournal(ctx context.Context, db *dwhdb.Queries, next *look) (err error) {
	if next.Runs, err = db.RunsPage(ctx, 1, shownRuns); err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	if next.RunSteps, err = db.StepsOfRuns(ctx, 1, shownRuns); err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	if next.Checks, err = db.LatestChecks(ctx); err != nil {
		return fmt.Errorf("read the checks: %w", err)
	}
	return nil
}
