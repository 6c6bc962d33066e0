package transform

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// onlySteps brings the models among some steps up to date (--only). It flags nothing, since other
// models have not seen the new rows, and does not remember the models that it computed.
type onlySteps struct {
	*activeRun
	steps []Step
}

func (m onlySteps) run(ctx context.Context) error {
	return m.commit(ctx, "transform.committed", func(tx pgx.Tx) error { return m.transact(ctx, tx) })
}

func (m onlySteps) transact(ctx context.Context, tx pgx.Tx) error {
	w, err := m.open(ctx, tx)
	if err != nil {
		return err
	}
	if w.nothingNew(m.steps) {
		m.skipRest()
		return nil
	}
	if err := w.enterFor(ctx, total(w.unprocessed)); err != nil {
		return err
	}
	w.beginModels(nil, nil)
	if err := m.compute(ctx, w, m.steps); err != nil {
		return err
	}
	checking := m.beginStage(stageCheck)
	if _, err := m.checkTouched(ctx, w, nil, m.steps); err != nil {
		return err
	}
	if err := m.entry.Judge(m.result.Checks); err != nil {
		return err
	}
	m.publishing = m.publishAfter(checking, 0, checksText(m.result.Checks))
	if err := w.leave(ctx); err != nil {
		return err
	}
	m.Failpoint("transform.checked")
	return nil
}
