package load_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/migrations"
)

func TestMain(m *testing.M) {
	flag.Parse()
	dwhtest.Main(m)
}

// migrateUp applies the project's migrations to an empty database.
func migrateUp(dsn string) error {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return err
	}
	defer pool.Close()
	m, err := migration.New(ctx, pool, migration.Options{Engine: sqlfile.Postgres, FS: migrations.FS})
	if err != nil {
		return err
	}
	defer m.Close()
	_, err = m.Up(ctx)
	return err
}

// TestUnknown looks up few and many objects, as on either engine: an object is known by its URL,
// its etag and the table.
func TestUnknown(t *testing.T) {
	t.Parallel()
	config, err := pgx.ParseConfig(dwhtest.TemplateDatabase(t, "migrated", migrateUp))
	if err != nil {
		t.Fatal(err)
	}
	connect := func(mode pgx.QueryExecMode) *pgx.Conn {
		config.DefaultQueryExecMode = mode
		conn, err := pgx.ConnectConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
		return conn
	}
	if _, err := connect(pgx.QueryExecModeExec).Exec(t.Context(), `
		INSERT INTO s_object (
			url, etag, table_name, size, last_modified, rows, rejects, loaded_at, load_id, outcome
		)
		SELECT 'file:///o''/' || LPAD(CAST(n AS TEXT), 5, '0'), CASE WHEN n % 3 = 0 THEN 'new' ELSE 'old' END,
			CASE WHEN n % 2 = 0 THEN 's_song' ELSE 's_name' END, 1, TIMESTAMP '2018-11-01', 1, 0,
			TIMESTAMP '2018-11-01', 'L', CASE WHEN n % 5 = 0 THEN 'skipped' ELSE 'loaded' END
		FROM generate_series(0, 2499) AS n`); err != nil {
		t.Fatal(err)
	}
	for _, engine := range []sqlfile.Engine{sqlfile.Postgres, sqlfile.Redshift} {
		for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeExec, pgx.QueryExecModeCacheStatement} {
			tx, err := connect(mode).Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, count := range []int{0, 1, 200, 201, 1000, 1001, 2600} {
				var objects, want []objectstore.Object
				var loaded, givenUp int64
				for n := range count {
					object := objectstore.Object{URL: objectstore.URL(fmt.Sprintf("file:///o'/%05d", n)), ETag: "new"}
					objects = append(objects, object)
					if n%6 != 0 || n >= 2500 {
						want = append(want, object)
					} else if n%5 == 0 {
						givenUp++
					} else {
						loaded++
					}
				}
				got, gotLoaded, gotGivenUp, err := load.Unknown(t.Context(), tx, engine, "s_song", objects)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s, %s, %d objects: got %d unknown, want %d", engine, mode, count, len(got), len(want))
				}
				if gotLoaded != loaded || gotGivenUp != givenUp {
					t.Errorf("%s, %s, %d objects: got %d loaded and %d given up, want %d and %d", engine, mode, count,
						gotLoaded, gotGivenUp, loaded, givenUp)
				}
			}
		}
	}
}
