package transform_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// TestUnknownObjects looks up few and many objects, as on either engine: an object is known by its URL, its etag and the table.
func TestUnknownObjects(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	w.exec(`
		INSERT INTO s_object (url, etag, table_name, size, last_modified, rows, rejects, loaded_at, load_id, outcome)
		SELECT 'file:///o''/' || LPAD(CAST(n AS TEXT), 5, '0'), CASE WHEN n % 3 = 0 THEN 'new' ELSE 'old' END,
			CASE WHEN n % 2 = 0 THEN 's_song' ELSE 's_name' END, 1, TIMESTAMP '2018-11-01', 1, 0, TIMESTAMP '2018-11-01', 'L', 'loaded'
		FROM generate_series(0, 2499) AS n`)
	for _, engine := range []sqlfile.Engine{sqlfile.Postgres, sqlfile.Redshift} {
		for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeExec, pgx.QueryExecModeCacheStatement} {
			config := w.pool.Config().ConnConfig
			config.DefaultQueryExecMode = mode
			conn, err := pgx.ConnectConfig(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close(t.Context()) }()
			tx, err := conn.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			r := w.runner(nil, func(o *transform.Options) { o.Engine = engine })
			for _, count := range []int{0, 1, 200, 201, 1000, 1001, 2600} {
				var objects, want []objectstore.Object
				for n := range count {
					one := objectstore.Object{URL: objectstore.URL(fmt.Sprintf("file:///o'/%05d", n)), ETag: "new"}
					objects = append(objects, one)
					if n%6 != 0 || n >= 2500 {
						want = append(want, one)
					}
				}
				got, err := r.Unknown(t.Context(), tx, "s_song", objects)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s, %s, %d objects: got %d unknown, want %d", engine, mode, count, len(got), len(want))
				}
			}
		}
	}
}
