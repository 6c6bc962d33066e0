package transform

import (
	"context"
	"time"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/gate"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// fillsEmpty tells whether all tables of the models are empty, and the models give each of their
// columns. Then nothing is compared, and a large table that was built takes the place of the live
// one. To insert its rows into the live table, with the key in place, takes several times as long.
func (r *activeRun) fillsEmpty(ctx context.Context, w *work) (bool, error) {
	if r.Engine != sqlfile.Postgres || !w.first() || !w.givesAll() {
		return false, nil
	}
	for _, m := range w.graph.Models {
		for _, name := range stores(m) {
			table, ok := w.tables[name]
			if !ok {
				return false, nil // the build reports the missing table
			}
			if filled, err := hasRows(ctx, w.tx, table); err != nil || filled {
				return false, err
			}
		}
	}
	return true, nil
}

// fill builds all models, whose tables are empty, from the staged rows. It flags the rows, checks
// the new tables beside the live ones, and publishes them.
func (m increment) fill(ctx context.Context, w *work, arrivals *load.Arrivals) error {
	defer w.handover.Close()
	if err := m.buildAll(ctx, w, w.graph.Models); err != nil {
		return err
	}
	m.result.Differences = w.handover.Added()
	m.noteBuilt(0)
	m.numbering.Skip("the tables are empty", stageCompare, stageApply)
	m.Failpoint("transform.built")
	checking := m.beginStage(stageCheck)
	flagging := time.Now()
	var err error
	if m.result.Flagged, err = m.flag(ctx, w, arrivals); err != nil {
		return err
	}
	m.Failpoint("transform.flagged")
	flagged := time.Since(flagging)
	if _, err := m.checkBuilt(ctx, w); err != nil {
		return err
	}
	m.publishing = m.publishAfter(checking, flagged, checksText(m.result.Checks))
	if err := m.remember(ctx, w); err != nil {
		return err
	}
	m.Failpoint("transform.checked")
	if err := m.publishBuilt(ctx, w); err != nil {
		return err
	}
	return w.leave(ctx, arrivals.Drop()...)
}

// publishBuilt publishes the tables that were loaded and built beside the live ones. Then it makes
// the checks that do not see these tables before.
func (r *activeRun) publishBuilt(ctx context.Context, w *work) error {
	if err := w.handover.Publish(ctx); err != nil {
		return err
	}
	r.result.analyzed = w.handover.Replaced()
	return r.checkPublished(ctx, w)
}

// checkBuilt runs the gate over what was loaded and built beside the live tables. The flags are set
// already. It leaves out what checkPublished does.
func (r *activeRun) checkBuilt(ctx context.Context, w *work) (*gate.Gate, error) {
	if err := w.handover.Prepare(ctx, w.parallel); err != nil { // to make a key is a check too
		return nil, err
	}
	// From here on, the names of tables mean those that were loaded and built aside.
	if err := w.behindScratch(ctx); err != nil {
		return nil, err
	}
	if err := w.splitChecks(ctx); err != nil {
		return nil, err
	}
	g := w.newGate(r.Steps)
	g.Checks = w.direct(g.Checks)
	g.Cache = check.NewPrecheckCache(w.tx) // nothing is written between the checks
	for _, moment := range []gate.Moment{gate.BeforeFlags, gate.AfterFlags} {
		found, err := g.Check(ctx, moment)
		if err != nil {
			return nil, err
		}
		r.result.Checks = append(r.result.Checks, found...)
	}
	return g, r.entry.Judge(r.result.Checks)
}
