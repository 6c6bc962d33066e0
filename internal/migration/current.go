package migration

import (
	"context"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"
)

// Current tells by one statement whether every migration of fsys has been applied. It is for commands that only need that, and in a hurry:
// false may also mean that the state cannot be read, and Migrator.RequireCurrent says what it is.
func Current(ctx context.Context, pool *pgxpool.Pool, fsys fs.FS) (bool, error) {
	sources, err := list(fsys, "")
	if err != nil || len(sources) == 0 {
		return false, nil // RequireCurrent names the file
	}
	wanted := map[int64]bool{}
	for _, one := range sources {
		wanted[one.version] = true
	}
	rows, err := pool.Query(ctx, "SELECT version_id FROM "+goose.DefaultTablename)
	if err != nil {
		return false, ctx.Err()
	}
	applied, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return false, ctx.Err() // no table yet, above all
	}
	for _, version := range applied {
		delete(wanted, version)
	}
	return len(wanted) == 0, nil
}
