package migration_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// zones are migrations of a project with a seed, a staging table, functions, a fact, and a stored
// table without a layer's prefix.
var zones = fstest.MapFS{
	"00001_zones.sql": {Data: []byte(`-- Zones.

-- +goose Up
CREATE TABLE s_ride (
	ride_id VARCHAR(16), zone_id VARCHAR(16), fee NUMERIC(8, 2), note VARCHAR(16),
	processed BOOLEAN DEFAULT FALSE NOT NULL
);
CREATE TABLE zone (zone_id VARCHAR(16) NOT NULL, label VARCHAR(64), PRIMARY KEY (zone_id));
INSERT INTO zone (zone_id, label) VALUES ('Z1', 'One');
CREATE TABLE other (zone_id VARCHAR(16));
CREATE TABLE f_ride (
	ride_id VARCHAR(16) NOT NULL, label VARCHAR(64), fee NUMERIC(8, 2), PRIMARY KEY (ride_id)
);
CREATE TABLE daily (ride_id VARCHAR(16) NOT NULL, fee NUMERIC(8, 2), PRIMARY KEY (ride_id));
-- +goose StatementBegin
CREATE FUNCTION inner_f (NUMERIC) RETURNS NUMERIC IMMUTABLE AS $$ SELECT $1 + 1 $$ LANGUAGE sql;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION outer_f (NUMERIC) RETURNS NUMERIC IMMUTABLE AS $$ SELECT inner_f($1) $$ LANGUAGE sql;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE PROCEDURE shout () LANGUAGE plpgsql AS $$ BEGIN UPDATE zone SET label = UPPER(label); END $$;
-- +goose StatementEnd

-- +goose Down
SELECT 1;
`)},
}

// zoneModels are the transforms of zones that need no source.
var zoneModels = fstest.MapFS{
	"210_f_ride.sql": {Data: []byte(`-- f_ride: one row per ride.
-- key:   ride_id
-- from:  s_ride
-- joins: zone
SELECT
    ride.ride_id,
    place.label,
    CAST(outer_f(ride.fee) AS NUMERIC(8, 2)) AS fee
FROM s_ride AS ride
LEFT JOIN zone AS place ON place.zone_id = ride.zone_id
WHERE ride.ride_id IS NOT NULL;
`)},
	"220_daily.sql": {Data: []byte(`-- daily: one row per ride.
-- key:  ride_id
-- from: f_ride
SELECT
    ride_id,
    fee
FROM f_ride;
`)},
}

// zoned is a warehouse of one ride, and a migrator that has one more migration to apply.
func zoned(t *testing.T, text string, change ...func(*migration.Options)) (dsn string, m *migration.Migrator) {
	t.Helper()
	dsn = dwhtest.Database(t)
	pool := open(t, dsn)
	steps, err := transform.Steps(zoneModels, "transforms", sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	models := func(o *migration.Options) { o.Models = transform.Dependents(steps) }
	up(t, migrator(t, pool, zones, models), 1)
	dwhtest.Query(t, dsn, `INSERT INTO s_ride (ride_id, zone_id, fee) VALUES ('R1', 'Z1', 1)`)
	own := func(o *transform.Options) { o.Steps, o.Checks = steps, nil }
	if _, err := runner(t, pool, own).Run(t.Context(), "test", nil); err != nil {
		t.Fatal(err)
	}
	files := maps.Clone(zones)
	files["00002_change.sql"] = &fstest.MapFile{Data: []byte(text)}
	return dsn, migrator(t, pool, files, append([]func(*migration.Options){models}, change...)...)
}

func marks(t *testing.T, dsn string) string {
	t.Helper()
	var out []string
	for _, row := range dwhtest.Query(t, dsn, "SELECT subject || ': ' || reason FROM dwh_stale ORDER BY 1") {
		out = append(out, row[0])
	}
	return strings.Join(out, "; ")
}

// Whatever a migration does to what models store or read, the models are stale afterwards; and they
// are not stale after a change that no row of theirs follows from.
func TestWhatMakesModelsStale(t *testing.T) {
	t.Parallel()
	const rows, columns = ": a migration changed its rows", ": its columns changed"
	const other, rebuilt = ": the table has other columns", ": the table was rebuilt"
	block := func(text string) string { return "-- +goose StatementBegin\n" + text + "\n-- +goose StatementEnd" }
	cases := []struct{ up, want string }{
		// Stored tables.
		{"ALTER TABLE f_ride DROP COLUMN fee; ALTER TABLE f_ride ADD COLUMN fee NUMERIC(8, 2);", "f_ride" + other},
		{"ALTER TABLE daily DROP COLUMN fee; ALTER TABLE daily ADD COLUMN fee NUMERIC(8, 2);", "daily" + other},
		{"DROP TABLE daily; CREATE TABLE daily (ride_id VARCHAR(16) NOT NULL, fee NUMERIC(8, 2));",
			"daily" + rebuilt},
		{"TRUNCATE other, daily;", "daily" + rows},
		// Seeds.
		{"UPDATE zone SET label = 'x';", "zone" + rows},
		{"INSERT INTO zone (zone_id) VALUES ('Z2');", "zone" + rows},
		{"WITH n AS (SELECT 'Z1' AS id) UPDATE public.zone SET label = 'x' FROM n WHERE id = zone_id;", "zone" + rows},
		{block("DO $$ BEGIN UPDATE zone SET label = 'x'; END $$;"), "zone" + rows},
		{block("DO 'BEGIN UPDATE zone SET label = NULL; END';"), "zone" + rows},
		{block("DO $$ BEGIN EXECUTE format('UPDATE %I SET label = NULL', 'zone'); END $$;"),
			"zone: a migration may have changed its rows"},
		{block("DO $$ DECLARE t text; BEGIN FOR t IN SELECT 'zo' || 'ne' LOOP EXECUTE 'DELETE FROM ' || t; END LOOP; " +
			"END $$;"),
			"00002_change.sql: it puts statements together as it runs, so dwh cannot tell which rows it changed"},
		{"CALL shout();", "zone" + rows},
		{block("SELECT 1;\nUPDATE zone SET label = 'x';"), "zone" + rows},
		{"DROP TABLE zone; CREATE TABLE zone AS SELECT 'Z1'::VARCHAR(16) AS zone_id, 'x'::VARCHAR(64) AS label;",
			"zone" + rebuilt},
		{"CREATE TABLE zone_new (zone_id VARCHAR(16), label VARCHAR(64)); DROP TABLE zone; " +
			"ALTER TABLE zone_new RENAME TO zone;", "zone" + rebuilt},
		{"ALTER TABLE zone ALTER COLUMN label TYPE VARCHAR(64) USING LOWER(label);", "zone" + rows},
		{"ALTER TABLE zone RENAME label TO a; ALTER TABLE zone ADD COLUMN label VARCHAR(64);", "zone" + other},
		// Functions.
		{block("CREATE OR REPLACE FUNCTION outer_f (NUMERIC) RETURNS NUMERIC IMMUTABLE AS 'SELECT $1' LANGUAGE sql;"),
			"210_f_ride: a migration changed the function outer_f, which it calls"},
		{block("CREATE OR REPLACE FUNCTION inner_f (NUMERIC) RETURNS NUMERIC IMMUTABLE AS 'SELECT $1' LANGUAGE sql;"),
			"210_f_ride: a migration changed the function inner_f, which its function outer_f calls"},
		// Staged rows.
		{"UPDATE s_ride SET fee = fee * 2;", "s_ride" + rows},
		{"DELETE FROM s_ride;", "s_ride" + rows},
		{"TRUNCATE TABLE s_ride;", "s_ride" + rows},
		{"INSERT INTO s_ride (ride_id) VALUES ('R2') ON CONFLICT DO NOTHING;", ""},
		{"ALTER TABLE s_ride ADD COLUMN fee2 NUMERIC(8, 1); UPDATE s_ride SET fee2 = fee; " +
			"ALTER TABLE s_ride DROP COLUMN fee; ALTER TABLE s_ride RENAME COLUMN fee2 TO fee;", "s_ride" + columns},
		{"ALTER TABLE s_ride DROP COLUMN fee; ALTER TABLE s_ride ADD COLUMN fee NUMERIC(8, 2);", "s_ride" + columns},
		{"ALTER TABLE s_ride DROP COLUMN fee;", "s_ride" + columns},
		{"ALTER TABLE s_ride ALTER COLUMN fee TYPE NUMERIC(8, 1) USING fee * 2;", "s_ride" + columns},
		{"ALTER TABLE s_ride ALTER fee TYPE NUMERIC(8, 2) USING fee * 2;", "s_ride" + rows},
		{"DROP TABLE s_ride; CREATE TABLE s_ride (ride_id VARCHAR(16), zone_id VARCHAR(16), fee NUMERIC(8, 2), " +
			"processed BOOLEAN DEFAULT FALSE NOT NULL);", "s_ride" + rebuilt},
		// Nothing that a model has read.
		{"ALTER TABLE s_ride ADD COLUMN type TEXT; ALTER TABLE s_ride ADD COLUMN a INTEGER DEFAULT 1 NOT NULL;", ""},
		{"ALTER TABLE s_ride DROP COLUMN note;", ""},
		{"ALTER TABLE s_ride ALTER COLUMN zone_id TYPE VARCHAR(32);", ""},
		{"INSERT INTO s_ride (ride_id) VALUES ('R2');", ""},
		{"CREATE TABLE copy_of AS SELECT * FROM zone; INSERT INTO other SELECT zone_id FROM zone; UPDATE other SET " +
			"zone_id = 'x' WHERE zone_id IN (SELECT zone_id FROM s_ride);", ""},
		{"GRANT SELECT, INSERT, UPDATE ON zone, f_ride TO CURRENT_USER; CREATE INDEX ON f_ride USING hash (fee);", ""},
		{"CREATE TABLE child (zone_id VARCHAR(16) REFERENCES zone ON UPDATE CASCADE ON DELETE CASCADE);", ""},
		{block("CREATE FUNCTION touched () RETURNS TRIGGER AS $$ BEGIN RETURN NEW; END $$ LANGUAGE plpgsql;") +
			"\nCREATE TRIGGER touch AFTER INSERT OR UPDATE ON other FOR EACH ROW EXECUTE FUNCTION touched();", ""},
		{block("CREATE FUNCTION third_f (NUMERIC) RETURNS NUMERIC AS $$ SELECT inner_f($1) $$ LANGUAGE sql;"), ""},
	}
	for i, c := range cases {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			up := c.up
			if !strings.Contains(up, "goose") {
				up = strings.ReplaceAll(up, "; ", ";\n")
			}
			dsn, m := zoned(t, "-- Change.\n\n-- +goose Up\n"+up+"\n\n-- +goose Down\nSELECT 1;\n")
			if _, err := m.Up(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := marks(t, dsn); got != c.want {
				t.Errorf("%s: got %q, want %q", c.up, got, c.want)
			}
		})
	}
}

// A migration without a transaction that fails has committed what stands before.
func TestFailedMigrationMarksWhatItCommitted(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"-- +goose NO TRANSACTION\n": "zone: a migration changed its rows",
		"":                           "",
	} {
		dsn, m := zoned(t, header+"-- +goose Up\nUPDATE zone SET label = 'x';\nSELECT 1 / 0;\n"+
			"\n-- +goose Down\nSELECT 1;\n")
		if _, err := m.Up(t.Context()); err == nil {
			t.Fatal("got no error of the division by zero")
		}
		if got := marks(t, dsn); got != want {
			t.Errorf("%q: got %q, want %q", header, got, want)
		}
	}
}

// While the transforms are broken, nobody can tell what a migration makes stale: it may be
// everything that it changes, but not the rows that it adds to staging.
func TestUnknownModels(t *testing.T) {
	t.Parallel()
	dsn, m := zoned(t, `-- +goose Up
UPDATE zone SET label = 'x';
CREATE TABLE child (zone_id VARCHAR(16) REFERENCES zone ON DELETE CASCADE);
INSERT INTO s_ride (ride_id) VALUES ('R2');
DROP FUNCTION outer_f (NUMERIC);

-- +goose Down
SELECT 1;
`, func(o *migration.Options) { o.Models = migration.Unknown{} })
	if _, err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	const want = "a model: a migration changed the function outer_f, which it calls; child: the table was created; " +
		"zone: a migration changed its rows"
	if got := marks(t, dsn); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A warehouse that no run has filled yet is not stale, whatever its migrations do.
func TestFreshWarehouseIsNotStale(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	steps, err := transform.Steps(zoneModels, "transforms", sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	files := maps.Clone(zones)
	files["00002_change.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nUPDATE zone SET label = 'x';\n" +
		"UPDATE s_ride SET fee = 1;\nALTER TABLE daily DROP COLUMN fee;\n\n-- +goose Down\nSELECT 1;\n")}
	m := migrator(t, open(t, dsn), files, func(o *migration.Options) { o.Models = transform.Dependents(steps) })
	for version := int64(1); version <= 2; version++ {
		if _, err := m.UpTo(t.Context(), version); err != nil {
			t.Fatal(err)
		}
	}
	if got := marks(t, dsn); got != "" {
		t.Errorf("got %q, want no mark", got)
	}
}
