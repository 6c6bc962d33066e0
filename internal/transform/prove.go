package transform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/proof"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// Prove delivers staged rows again, in schemas that nobody sees, and compares each increment with a build of everything. It writes nothing that lasts, and
// neither takes nor waits for the lock.
func (r *Runner) Prove(ctx context.Context, o proof.Options) (proof.Result, error) {
	started := time.Now()
	o.Large = r.ParallelRows
	result, err := r.proveOnce(ctx, o)
	var refused *proof.RefusedError
	if errors.As(err, &refused) && refused.Copies {
		// On Redshift a refused row ends the transaction.
		o.AsStaged = true
		result, err = r.proveOnce(ctx, o)
	}
	result.Duration = time.Since(started)
	return result, err
}

func (r *Runner) proveOnce(ctx context.Context, o proof.Options) (proof.Result, error) {
	nothing := proof.Result{Seed: o.Seed}
	conn, release, err := r.connect(ctx)
	if err != nil {
		return nothing, err
	}
	defer release()
	options := pgx.TxOptions{}
	if r.Engine == sqlfile.Postgres {
		options.IsoLevel = pgx.RepeatableRead
	}
	tx, err := conn.BeginTx(ctx, options)
	if err != nil {
		return nothing, fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	w, err := r.openWork(ctx, tx)
	if err != nil {
		return nothing, err
	}
	types, err := catalogue.SchemaOf(ctx, tx, r.Engine, w.live, w.tables)
	if err != nil {
		return nothing, err
	}
	result, err := proof.Run(ctx, proof.Warehouse{
		Tx: tx, Session: &modelSession{engine: r.Engine, w: w}, Graph: w.graph, Vars: r.Vars, Live: w.live, Tables: w.tables, Types: types,
	}, o)
	if err != nil && conn.IsClosed() && ctx.Err() == nil {
		err = lost(err)
	}
	return result, err
}
