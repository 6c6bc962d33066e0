package migration

import (
	"context"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"

	"github.com/sparkify/dwh/internal/bookkeeping"
)

// Current tells by one statement whether every migration of fsys and every one of dwh's own tables
// has been applied. It is for commands that need only that, and soon: false may also mean that the
// state cannot be read, and Migrator.RequireCurrent says what it is.
func Current(ctx context.Context, pool *pgxpool.Pool, fsys fs.FS) (bool, error) {
	sources, err := list(fsys, "")
	if err != nil || len(sources) == 0 {
		return false, nil // RequireCurrent names the file
	}
	type migration struct {
		Own     int32
		Version int64
	}
	wanted := map[migration]bool{}
	for _, s := range sources {
		wanted[migration{0, s.version}] = true
	}
	for _, version := range bookkeeping.Versions() {
		wanted[migration{1, version}] = true
	}
	rows, err := pool.Query(ctx, "SELECT CAST(0 AS INTEGER) AS own, version_id FROM "+goose.DefaultTablename+
		" UNION ALL SELECT CAST(1 AS INTEGER) AS own, version_id FROM "+bookkeeping.VersionTable)
	if err != nil {
		return false, ctx.Err()
	}
	applied, err := pgx.CollectRows(rows, pgx.RowToStructByPos[migration])
	if err != nil {
		return false, ctx.Err() // no table yet, above all
	}
	for _, m := range applied {
		if m.Own == 1 && m.Version > bookkeeping.Newest() {
			return false, nil // of a newer dwh
		}
		delete(wanted, m)
	}
	return len(wanted) == 0, nil
}
