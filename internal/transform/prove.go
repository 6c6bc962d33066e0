package transform

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/proof"
)

// Prove delivers staged rows again, in schemas that nobody sees, and compares each increment with a
// build of everything. It writes nothing that lasts, and neither takes nor waits for the lock.
func (r *Runner) Prove(ctx context.Context, o proof.Options) (proof.Result, error) {
	nothing := proof.Result{Seed: o.Seed}
	o.Large = r.ParallelRows
	conn, release, err := r.connect(ctx)
	if err != nil {
		return nothing, err
	}
	defer release()
	tx, err := r.beginSnapshot(ctx, conn, pgx.TxOptions{})
	if err != nil {
		return nothing, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	w, err := r.openWork(ctx, tx, r.Scratch+scratchSuffix)
	if err != nil {
		return nothing, err
	}
	types, err := catalogue.SchemaOf(ctx, tx, r.Engine, w.live, w.tables)
	if err != nil {
		return nothing, err
	}
	renew := func(ctx context.Context) (pgx.Tx, error) {
		if err := tx.Rollback(ctx); err != nil {
			return nil, fmt.Errorf("roll back: %w", err)
		}
		next, err := r.beginSnapshot(ctx, conn, pgx.TxOptions{})
		if err != nil {
			return nil, err
		}
		tx, w.tx = next, next
		return next, nil
	}
	result, err := proof.Run(ctx, proof.Warehouse{
		Tx: tx, Renew: renew, Session: &modelSession{engine: r.Engine, w: w}, Graph: w.graph, Vars: r.Vars,
		Live: w.live, Tables: w.tables, Types: types,
	}, o)
	if err != nil && conn.IsClosed() && ctx.Err() == nil {
		err = lost(err)
	}
	return result, err
}
