package migration_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
	"github.com/sparkify/dwh/internal/writelock"
	"github.com/sparkify/dwh/migrations"
	"github.com/sparkify/dwh/transforms"
)

func TestMain(m *testing.M) { dwhtest.Main(m) }

// newest is the version of the project's last migration.
func newest(t *testing.T) int64 {
	t.Helper()
	files, err := migration.Files(migrations.FS, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	return int64(len(files))
}

func open(t *testing.T, dsn string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func migrator(t *testing.T, pool *pgxpool.Pool, fsys fs.FS, change ...func(*migration.Options)) *migration.Migrator {
	t.Helper()
	o := migration.Options{Engine: sqlfile.Postgres, FS: fsys}
	for _, f := range change {
		f(&o)
	}
	m, err := migration.New(t.Context(), pool, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// up migrates to a version.
func up(t *testing.T, m *migration.Migrator, version int64) []migration.Step {
	t.Helper()
	steps, err := m.UpTo(t.Context(), version)
	if err != nil {
		t.Fatalf("up to %d: %v", version, err)
	}
	return steps
}

func one(t *testing.T, dsn, sql string) string {
	t.Helper()
	rows := dwhtest.Query(t, dsn, sql)
	if len(rows) != 1 || len(rows[0]) != 1 {
		t.Fatalf("%s: got %v, want one value", sql, rows)
	}
	return rows[0][0]
}

// shape is everything that the project's migrations make, as text.
func shape(t *testing.T, dsn string) string {
	t.Helper()
	return fmt.Sprint(
		dwhtest.Query(
			t, dsn,
			`SELECT table_name, ordinal_position, column_name, data_type, character_maximum_length, collation_name, is_nullable, column_default
			FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'dwh\_%'
				AND table_name NOT IN ('goose_db_version', 's_object', 's_reject') ORDER BY 1, 2`,
		),
		dwhtest.Query(t, dsn, `SELECT tablename, indexdef FROM pg_indexes
			WHERE schemaname = 'public' AND tablename NOT LIKE 'dwh\_%'
				AND tablename NOT IN ('goose_db_version', 's_object', 's_reject') ORDER BY 1, 2`),
	)
}

func TestUpDownUp(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	m := migrator(t, open(t, dsn), migrations.FS)
	last := newest(t)
	var shapes []string
	for version := int64(1); version <= last; version++ {
		if steps := up(t, m, version); len(steps) != 1 || steps[0].Version != version || !steps[0].Up {
			t.Errorf("up to %d: got %+v, want that one step", version, steps)
		}
		shapes = append(shapes, shape(t, dsn))
	}
	if steps, err := m.Up(t.Context()); err != nil || len(steps) != 0 {
		t.Errorf("up when all is applied: got %+v, %v, want nothing", steps, err)
	}
	for version := last - 1; version >= 1; version-- {
		previous, err := m.Previous(t.Context())
		if err != nil || previous != version {
			t.Errorf("previous version: got %d, %v, want %d", previous, err, version)
		}
		steps, err := m.Down(t.Context())
		if err != nil || len(steps) != 1 || steps[0].Version != version+1 || steps[0].Up {
			t.Fatalf("down to %d: got %+v, %v, want that one step", version, steps, err)
		}
		if got := shape(t, dsn); got != shapes[version-1] {
			t.Errorf("schema after the way down to %d:\ngot  %s\nwant %s", version, got, shapes[version-1])
		}
	}
	if steps, err := m.DownTo(t.Context(), 0); err != nil || len(steps) != 1 {
		t.Fatalf("down to 0: got %+v, %v", steps, err)
	}
	if got := shape(t, dsn); got != "[] []" {
		t.Errorf("schema after the way down: got %s, want nothing", got)
	}
	if steps, err := m.Down(t.Context()); err != nil || len(steps) != 0 {
		t.Errorf("down when nothing is applied: got %+v, %v, want nothing", steps, err)
	}
	if steps, err := m.Up(t.Context()); err != nil || len(steps) != int(last) {
		t.Fatalf("up again: got %+v, %v, want %d steps", steps, err, last)
	}
	if got := shape(t, dsn); got != shapes[last-1] {
		t.Errorf("schema after up again: got %s, want %s", got, shapes[last-1])
	}
	steps, err := m.Redo(t.Context())
	if err != nil || len(
		steps,
	) != 2 || steps[0].Up || !steps[1].Up || steps[0].Version != last || steps[1].Version != last {
		t.Errorf("redo: got %+v, %v, want %d down and up", steps, err, last)
	}
	if err := m.RequireCurrent(t.Context()); err != nil {
		t.Errorf("require current: got %v, want nil", err)
	}
	if got := one(t, dsn, "SELECT COUNT(*) FROM dwh_stale"); got != "0" {
		t.Errorf("stale marks without staged rows: got %s, want 0", got)
	}
}

func TestPending(t *testing.T) {
	t.Parallel()
	m := migrator(t, open(t, dwhtest.Database(t)), migrations.FS)
	up(t, m, newest(t)-1)
	var pending *migration.PendingError
	if err := m.RequireCurrent(t.Context()); !errors.As(err, &pending) || len(
		pending.Migrations,
	) != 1 || pending.Migrations[0].Version != newest(t) {
		t.Errorf("require current: got %v, want a *PendingError of the newest", err)
	}
	if version, err := m.Version(t.Context()); err != nil || version != newest(t)-1 {
		t.Errorf("version: got %d, %v, want %d", version, err, newest(t)-1)
	}
}

const stage = `
	INSERT INTO s_song (song_id, title, artist_id, artist_name, duration) VALUES ('S1', 'T', 'A1', 'N', 200);
	INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, artist, song, length, level, first_name) VALUES ('NextSong', '7', 1, 0, 1541106106796, 'N', 'T', 200, 'free', 'Kim');
	INSERT INTO s_name (name, sex, births) VALUES ('Kim', 'F', 10)`

// flags tells how many rows of the three tables are flagged, and not.
func flags(t *testing.T, dsn string) string {
	t.Helper()
	return fmt.Sprint(dwhtest.Query(t, dsn, `
		SELECT 's_song', COUNT(*) FILTER (WHERE processed), COUNT(*) FILTER (WHERE NOT processed) FROM s_song
		UNION ALL SELECT 's_songplay_event', COUNT(*) FILTER (WHERE processed), COUNT(*) FILTER (WHERE NOT processed) FROM s_songplay_event
		UNION ALL SELECT 's_name', COUNT(*) FILTER (WHERE processed), COUNT(*) FILTER (WHERE NOT processed) FROM s_name ORDER BY 1`))
}

func runner(t *testing.T, pool *pgxpool.Pool, change ...func(*transform.Options)) *transform.Runner {
	t.Helper()
	steps, err := transform.Steps(transforms.FS, "transforms", sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	o := transform.Options{
		Pool: pool, Engine: sqlfile.Postgres, Version: "test", Steps: steps,
		Checking: transform.Checking{Checks: star.Checks(t)},
	}
	for _, f := range change {
		f(&o)
	}
	r, err := transform.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestUpgradeFlagsWhatWasThere is the history of a warehouse that is older than the flag.
func TestUpgradeFlagsWhatWasThere(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	pool := open(t, dsn)
	m := migrator(t, pool, migrations.FS)
	up(t, m, 3)
	dwhtest.Query(t, dsn, stage)
	up(t, m, newest(t))
	if got := flags(t, dsn); got != "[[s_name 1 0] [s_song 1 0] [s_songplay_event 1 0]]" {
		t.Errorf("rows from before: got %s, want all flagged", got)
	}
	dwhtest.Query(t, dsn, strings.NewReplacer("'S1'", "'S2'", "'7'", "'8'", "'Kim'", "'Jo'").Replace(stage))
	if got := flags(t, dsn); got != "[[s_name 1 1] [s_song 1 1] [s_songplay_event 1 1]]" {
		t.Errorf("rows from after: got %s, want them not flagged", got)
	}
	marks := fmt.Sprint(dwhtest.Query(t, dsn, "SELECT subject, reason FROM dwh_stale ORDER BY 1"))
	if marks != "[[s_name its flag was created] [s_song its flag was created] [s_songplay_event "+
		"its flag was created]]" {
		t.Errorf("stale marks: got %s, want the three flags", marks)
	}
	var stale *transform.StaleError
	if _, err := runner(
		t, pool, func(o *transform.Options) { o.NoReplay = true },
	).Run(t.Context(), "test", nil); !errors.As(err, &stale) {
		t.Errorf("run without replay: got %v, want a *StaleError", err)
	}
	result, err := runner(t, pool).Run(t.Context(), "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	if !result.Replayed || len(result.Stale) != 3 {
		t.Errorf("run: got replayed %t, stale %q, want a replay for three reasons", result.Replayed, result.Stale)
	}
	if got := flags(t, dsn); got != "[[s_name 2 0] [s_song 2 0] [s_songplay_event 2 0]]" {
		t.Errorf("rows after the run: got %s, want all flagged", got)
	}
	if got := one(t, dsn, "SELECT COUNT(*) FROM f_songplay WHERE song_id IS NOT NULL"); got != "2" {
		t.Errorf("plays: got %s, want those from before and after", got)
	}
	if got := one(t, dsn, "SELECT COUNT(*) FROM dwh_stale"); got != "0" {
		t.Errorf("stale marks after the run: got %s, want 0", got)
	}
}

// extended are the project's migrations with one more.
func extended(t *testing.T, name, text string) fs.FS {
	t.Helper()
	out := fstest.MapFS{name: {Data: []byte(text)}}
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range names {
		body, err := fs.ReadFile(migrations.FS, s)
		if err != nil {
			t.Fatal(err)
		}
		out[s] = &fstest.MapFile{Data: body}
	}
	return out
}

// built is a warehouse of one play.
func built(t *testing.T) (string, *pgxpool.Pool) {
	t.Helper()
	dsn := dwhtest.Database(t)
	pool := open(t, dsn)
	up(t, migrator(t, pool, migrations.FS), newest(t))
	dwhtest.Query(t, dsn, stage)
	if _, err := runner(t, pool).Run(t.Context(), "test", nil); err != nil {
		t.Fatal(err)
	}
	return dsn, pool
}

func TestNewColumnIsFilledByReplay(t *testing.T) {
	t.Parallel()
	dsn, pool := built(t)
	m := migrator(
		t, pool,
		extended(
			t, "00099_add_shout.sql",
			"-- The title in upper case.\n\n-- +goose Up\nALTER TABLE d_song ADD COLUMN shout "+
				"VARCHAR(1024);\n\n-- +goose Down\nALTER TABLE d_song DROP COLUMN shout;\n",
		),
	)
	if _, err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(
		dwhtest.Query(t, dsn, "SELECT subject, reason FROM dwh_stale"),
	); got != "[[d_song the table has other columns]]" {
		t.Errorf("stale marks: got %s, want d_song", got)
	}
	text, err := fs.ReadFile(transforms.FS, "110_d_song.sql")
	if err != nil {
		t.Fatal(err)
	}
	out := fstest.MapFS{}
	names, err := fs.Glob(transforms.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		body, err := fs.ReadFile(transforms.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = &fstest.MapFile{Data: body}
	}
	out["110_d_song.sql"] = &fstest.MapFile{
		Data: []byte(strings.Replace(string(text), "    duration\n", "    duration,\n    UPPER(title) AS shout\n", 1)),
	}
	steps, err := transform.Steps(out, "transforms", sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	result, err := runner(t, pool, func(o *transform.Options) { o.Steps = steps }).Run(t.Context(), "test", nil)
	if err != nil || !result.Replayed {
		t.Fatalf("run: got replayed %t, %v, want a replay", result.Replayed, err)
	}
	if got := one(t, dsn, "SELECT shout FROM d_song"); got != "T" {
		t.Errorf("the new column: got %q, want T", got)
	}
}

func TestDownMarksStale(t *testing.T) {
	t.Parallel()
	dsn, pool := built(t)
	m := migrator(t, pool, migrations.FS)
	if _, err := m.Redo(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := one(t, dsn, "SELECT COUNT(*) FROM dwh_stale WHERE reason = 'the migration was reverted'"); got != "1" {
		t.Errorf("marks after redo: got %s, want 1", got)
	}
	result, err := runner(t, pool).Run(t.Context(), "test", nil)
	if err != nil || !result.Replayed || result.Changed() {
		t.Errorf(
			"run: got replayed %t, changed %t, %v, want a replay that finds nothing",
			result.Replayed, result.Changed(), err,
		)
	}
	// The flag dropped and added: everything counts as processed, and the star is still that of a
	// replay.
	if _, err := m.DownTo(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if result, err = runner(t, pool).Run(t.Context(), "test", nil); err != nil || !result.Replayed {
		t.Errorf("run after the flag came back: got replayed %t, %v, want a replay", result.Replayed, err)
	}
	// The star's own tables dropped and created.
	if err := m.GuardStaging(t.Context(), 1); err != nil {
		t.Errorf("guard of a way down that keeps staging's records: got %v, want nil", err)
	}
}

func TestGuardStaging(t *testing.T) {
	t.Parallel()
	empty := migrator(t, open(t, dwhtest.Database(t)), migrations.FS)
	up(t, empty, newest(t))
	if err := empty.GuardStaging(t.Context(), 0); err != nil {
		t.Errorf("guard of empty tables: got %v, want nil", err)
	}
	_, pool := built(t)
	m := migrator(
		t, pool,
		extended(t, "00099_rename.sql", "-- Song.\n\n-- +goose Up\nSELECT 1;\n\n-- +goose Down\n"+
			"WITH gone AS (DELETE FROM ONLY s_song RETURNING 1) SELECT COUNT(*) FROM gone;\n"),
	)
	var guard *migration.GuardError
	if err := m.GuardStaging(t.Context(), 0); !errors.As(err, &guard) || !slices.Equal(
		guard.Tables, []string{"s_name", "s_song", "s_songplay_event"},
	) {
		t.Errorf("guard of everything: got %v, want a *GuardError of the three tables", err)
	}
	if err := m.GuardStaging(t.Context(), newest(t)); err != nil {
		t.Errorf("guard of a migration that is not applied: got %v, want nil", err)
	}
	if _, err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.GuardStaging(t.Context(), newest(t)); !errors.As(err, &guard) || !slices.Equal(
		guard.Tables, []string{"s_song"},
	) {
		t.Errorf("guard of a DELETE: got %v, want a *GuardError of s_song", err)
	}
}

// TestGuardOfAnyName: a staging table may have any name.
func TestGuardOfAnyName(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	const text = "-- +goose Up\nCREATE TABLE raw_sale (id INTEGER, processed BOOLEAN DEFAULT FALSE NOT NULL);\n" +
		"CREATE TABLE note (id INTEGER);\n\n" +
		"-- +goose Down\nDROP TABLE IF EXISTS note;\nDROP TABLE IF EXISTS raw_sale;\n"
	m := migrator(t, open(t, dsn), fstest.MapFS{"00001_raw.sql": {Data: []byte(text)}})
	up(t, m, 1)
	dwhtest.Query(t, dsn, "INSERT INTO note VALUES (1)")
	if err := m.GuardStaging(t.Context(), 0); err != nil {
		t.Errorf("guard of an empty staging table: got %v, want nil", err)
	}
	dwhtest.Query(t, dsn, "INSERT INTO raw_sale (id) VALUES (1)")
	var guard *migration.GuardError
	if err := m.GuardStaging(t.Context(), 0); !errors.As(err, &guard) ||
		!slices.Equal(guard.Tables, []string{"raw_sale"}) {
		t.Errorf("guard of staged rows: got %v, want a *GuardError of raw_sale", err)
	}
}

func TestSecondMigratorIsLockedOut(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	pool := open(t, dsn)
	up(t, migrator(t, pool, migrations.FS), 1)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	first, err := writelock.Begin(t.Context(), conn, sqlfile.Postgres, false)
	if err != nil {
		t.Fatal(err)
	}
	var busy *writelock.BusyError
	if _, err := migrator(t, pool, migrations.FS).Up(t.Context()); !errors.As(err, &busy) {
		t.Errorf("the second migrator: got %v, want a *BusyError", err)
	}
	if got := one(t, dsn, "SELECT MAX(version_id) FROM goose_db_version"); got != "1" {
		t.Errorf("version after the refusal: got %s, want 1", got)
	}
	waiting := migrator(t, pool, migrations.FS, func(o *migration.Options) { o.Wait = true })
	var group errgroup.Group
	group.Go(func() error {
		_, err := waiting.Up(t.Context())
		return err
	})
	await(t, dsn, "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'dwh_lock'::regclass", "1")
	if err := first.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := group.Wait(); err != nil {
		t.Errorf("the waiting migrator: got %v, want no error", err)
	}
}

// await asks until the answer is as wanted.
func await(t *testing.T, dsn, sql, want string) {
	t.Helper()
	dwhtest.Await(t, func() string {
		if got := one(t, dsn, sql); got != want {
			return fmt.Sprintf("%s: got %s, want %s", sql, got, want)
		}
		return ""
	})
}

// TestFirstMigratorsRace starts several on an empty database: one works, the others wait or are
// refused, and the schema is whole.
func TestFirstMigratorsRace(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	var group errgroup.Group
	for range 4 {
		m := migrator(t, open(t, dsn), migrations.FS, func(o *migration.Options) { o.Wait = true })
		group.Go(func() error {
			_, err := m.Up(t.Context())
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatalf("four migrators: got %v, want no error", err)
	}
	if got := one(t, dsn, "SELECT COUNT(*) FROM goose_db_version WHERE version_id > 0"); got != fmt.Sprint(newest(t)) {
		t.Errorf("versions applied: got %s, want %d", got, newest(t))
	}
	if got := one(t, dsn, "SELECT STRING_AGG(version_id::text, ' ' ORDER BY id) FROM dwh_db_version"); got != "0 1 2" {
		t.Errorf("versions of the bookkeeping: got %s, want each once", got)
	}
}

// told hands log lines on.
type told struct {
	slog.Handler
	lines chan<- string
}

// Enabled implements slog.Handler.
func (told) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (h told) Handle(_ context.Context, r slog.Record) error {
	select {
	case h.lines <- r.Message:
	default:
	}
	return nil
}

// TestMigrationWaitsForReaders holds a table as a reader does: the migration steps aside after
// lock_timeout, so that other readers go on, and tries again. It runs on a migrator that has
// migrated before, whose connections have a past.
func TestMigrationWaitsForReaders(t *testing.T) {
	t.Parallel()
	_, pool := built(t)
	lines := make(chan string, 1)
	m := migrator(t, pool, extended(
		t, "00099_add_mood.sql",
		"-- Mood.\n\n-- +goose Up\nALTER TABLE d_song ADD COLUMN mood VARCHAR(64);\n\n-- +goose "+
			"Down\nALTER TABLE d_song DROP COLUMN mood;\n",
	),
		func(o *migration.Options) {
			o.Logger = slog.New(told{slog.DiscardHandler, lines})
		})
	if _, err := m.Redo(t.Context()); err != nil {
		t.Fatal(err)
	}
	reader, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Exec(t.Context(), "SELECT 1 FROM d_song"); err != nil {
		t.Fatal(err)
	}
	var steps []migration.Step
	var group errgroup.Group
	group.Go(func() error {
		steps, err = m.Up(t.Context())
		return err
	})
	select {
	case line := <-lines:
		if !strings.Contains(line, "waits for readers") {
			t.Errorf("log: got %q, want that it waits for readers", line)
		}
	case <-time.After(dwhtest.Patience):
		t.Error("the migration never stepped aside")
	}
	if err := reader.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := group.Wait(); err != nil || len(steps) != 1 || steps[0].Version != 99 {
		t.Errorf("up: got %+v, %v, want 99 once", steps, err)
	}
}

func TestBrokenMigrationSaysWhere(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		text         string
		line, column int
		message      string
	}{
		"unknown column": {
			"-- Table.\n\n-- +goose Up\nCREATE TABLE d_x (a INTEGER);\n\nINSERT INTO d_x (b) VALUES (1);\n",
			6, 18, "42703",
		},
		"second line": {
			"-- Table.\n\n-- +goose Up\nCREATE TABLE d_x (\n    a INTEGER,\n    b INTEGR\n);\n", 6,
			7, "42704",
		},
		"after comments": {
			"-- Table.\n\n-- +goose Up\nSELECT 1;\n\n-- Why this is so.\n-- And that: é.\nSELECT " +
				"'é', x FROM nowhere;\n",
			8, 20, "42P01",
		},
		"syntax": {
			"-- Table.\n\n-- +goose Up\nCREATE TABLE d_x (a INTEGER);\n\nCREAT TABLE d_y (a INTEGER);\n",
			6, 1, "42601",
		},
		"marker": {
			"-- Table.\n\n-- +goose Up\nCREATE TABLE d_x (a INTEGER) /*redshift DISTSTYLE ALL " +
				"*/;\n\n/*postgres*/ CREATE INDEX d_x_b ON d_x (b) /*redshift*/;\n",
			6, 0, "42703",
		},
		"twice": {"-- Table.\n\n-- +goose Up\nSELECT\n    1;\n\nSELECT\n    x;\n", 8, 5, "42703"},
		"in Down": {
			"-- Table.\n\n-- +goose Up\nCREATE TABLE d_x (a INTEGER);\n\n-- +goose Down\nDROP TABLE d_y;\n",
			7, 0, "42P01",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := dwhtest.Database(t)
			m := migrator(t, open(t, dsn), fstest.MapFS{"00001_x.sql": {Data: []byte(c.text)}})
			_, err := m.Up(t.Context())
			if strings.Contains(name, "Down") {
				if err != nil {
					t.Fatal(err)
				}
				_, err = m.Down(t.Context())
			}
			var placed *sqlfile.Error
			if !errors.As(err, &placed) {
				t.Fatalf("got %v, want a *sqlfile.Error", err)
			}
			if placed.File != "migrations/00001_x.sql" || placed.Line != c.line ||
				c.column != 0 && placed.Column != c.column || !strings.Contains(placed.Msg, c.message) {
				t.Errorf("got %v, want migrations/00001_x.sql:%d:%d with %s", placed, c.line, c.column, c.message)
			}
		})
	}
}

func TestBadMigrationNames(t *testing.T) {
	t.Parallel()
	bare := &fstest.MapFile{Data: []byte("-- +goose Up\nSELECT 1;\n")}
	cases := map[string]struct {
		files fstest.MapFS
		want  string
	}{
		"no number": {fstest.MapFS{"first.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n")}}, "first.sql"},
		"twice": {fstest.MapFS{
			"00001_a.sql": {
				Data: []byte("-- +goose Up\nSELECT 1;\n"),
			}, "1_b.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n")},
		}, "is already used by"},
		"none": {fstest.MapFS{}, "no migrations in migrations"},
		"zero": {fstest.MapFS{"00000_base.sql": bare},
			"migrations/00000_base.sql: a version must be greater than 0"},
		"beyond 64 bits": {fstest.MapFS{"99999999999999999999_late.sql": bare},
			"migrations/99999999999999999999_late.sql: version 99999999999999999999 is too large"},
		"no separator": {fstest.MapFS{"00001.sql": bare}, "00001.sql: a migration file must be named NNNNN_name.sql"},
		"signed":       {fstest.MapFS{"+1_a.sql": bare}, "+1_a.sql: a migration file must be named NNNNN_name.sql"},
		"upper case": {fstest.MapFS{"00001_a.SQL": bare},
			"00001_a.SQL: a migration file must be named NNNNN_name.sql"},
	}
	pool := open(t, dwhtest.Database(t))
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := migration.New(
				t.Context(), pool, migration.Options{Engine: sqlfile.Postgres, FS: c.files},
			); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
			if len(c.files) == 0 {
				return
			}
			if _, err := migration.Files(c.files, ""); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("files: got %v, want an error with %q", err, c.want)
			}
			if current, err := migration.Current(t.Context(), pool, c.files); current || err != nil {
				t.Errorf("got current %t, %v, want false: New says what is wrong", current, err)
			}
		})
	}
}

// A dry run shows the statements that Up and Down send, however goose's annotations are written.
func TestDryRunShowsWhatRuns(t *testing.T) {
	t.Parallel()
	const function = "CREATE FUNCTION twice(x INTEGER) RETURNS INTEGER LANGUAGE sql AS $$\n    SELECT x * 2;\n$$;"
	cases := map[string]struct{ text, up, down string }{
		"usual": {"-- T.\n\n-- +goose Up\nCREATE TABLE x (a INTEGER);\n\n-- +goose Down\nDROP TABLE x;\n",
			"CREATE TABLE x (a INTEGER);\n", "DROP TABLE x;\n"},
		"no blank": {"--+goose Up\nCREATE TABLE x (a INTEGER);\n\n--+goose Down\nDROP TABLE x;\n",
			"CREATE TABLE x (a INTEGER);\n", "DROP TABLE x;\n"},
		"tabs": {"-- +goose\tUp\nCREATE TABLE x (a INTEGER);\n\n--\t+goose\t\tDown \nDROP TABLE x;\n",
			"CREATE TABLE x (a INTEGER);\n", "DROP TABLE x;\n"},
		"lower case": {"-- +goose up\nCREATE TABLE x (a INTEGER);\n-- +goose down\nDROP TABLE x;\n",
			"CREATE TABLE x (a INTEGER);\n", "DROP TABLE x;\n"},
		"more dashes": {"---- +goose Up\nCREATE TABLE x (a INTEGER);\n---- +goose Down\nDROP TABLE x;\n",
			"CREATE TABLE x (a INTEGER);\n", "DROP TABLE x;\n"},
		"line ends": {"-- +goose Up\r\nCREATE TABLE x (a INTEGER);\r\n-- +goose Down\r\nDROP TABLE x;\r\n",
			"CREATE TABLE x (a INTEGER);\n", "DROP TABLE x;\n"},
		"a block": {
			"-- +goose Up\n-- +goose StatementBegin\n" + function +
				"\n-- +goose StatementEnd\nCREATE TABLE x (a INTEGER);\n-- +goose Down\nDROP " +
				"TABLE x;\nDROP FUNCTION twice;\n",
			function + "\n\nCREATE TABLE x (a INTEGER);\n", "DROP TABLE x;\n\nDROP FUNCTION twice;\n",
		},
		"no transaction": {
			"-- +goose NO TRANSACTION\n-- +goose Up\nCREATE TABLE x (a INTEGER);\n-- +goose Down\nDROP TABLE x;\n",
			"-- each statement by itself, outside a transaction\nCREATE TABLE x (a INTEGER);\n",
			"-- each statement by itself, outside a transaction\nDROP TABLE x;\n",
		},
		"no Down": {"-- +goose Up\nCREATE TABLE x (a INTEGER);\n", "CREATE TABLE x (a INTEGER);\n", "\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := dwhtest.Database(t)
			m := migrator(t, open(t, dsn), fstest.MapFS{"00001_x.sql": {Data: []byte(c.text)}})
			sql := map[bool]string{}
			for direction, want := range map[bool]string{true: c.up, false: c.down} {
				got, err := m.SQL(t.Context(), 1, direction)
				if got != want || err != nil {
					t.Errorf("up %t: got %q, %v, want %q", direction, got, err, want)
				}
				sql[direction] = got
			}
			there := func() string { return one(t, dsn, "SELECT COALESCE(to_regclass('x')::text, '')") }
			if _, err := m.Up(t.Context()); err != nil {
				t.Fatal(err)
			}
			if there() != "x" {
				t.Errorf("after up: got no table, want what the dry run showed: %q", sql[true])
			}
			if name == "no Down" {
				return
			}
			if _, err := m.Down(t.Context()); err != nil {
				t.Fatal(err)
			}
			if there() != "" {
				t.Errorf("after down: got the table, want what the dry run showed: %q", sql[false])
			}
		})
	}
	m := migrator(t, open(t, dwhtest.Database(t)),
		fstest.MapFS{"00001_x.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n")}})
	if _, err := m.SQL(t.Context(), 2, true); err == nil || err.Error() != "there is no migration 2" {
		t.Errorf("an unknown version: got %v, want an error that says so", err)
	}
}

// Versions are numbers: 9 comes before 10 however the files sort.
func TestOrderOfVersions(t *testing.T) {
	t.Parallel()
	up := &fstest.MapFile{Data: []byte("-- +goose Up\nSELECT 1;\n")}
	files := fstest.MapFS{"10_b.sql": up, "9_a.sql": up, "00100_c.sql": up, "9223372036854775807_d.sql": up}
	m := migrator(t, open(t, dwhtest.Database(t)), files)
	var got []string
	all, err := m.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range all {
		got = append(got, item.Name)
	}
	if want := []string{"9_a.sql", "10_b.sql", "00100_c.sql", "9223372036854775807_d.sql"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if steps, err := m.Up(t.Context()); err != nil || len(steps) != len(files) || steps[0].Version != 9 {
		t.Errorf("up: got %v, %v, want every migration, from 9 on", steps, err)
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for want, name := range map[string]string{"00001_add_play_count.sql": "Add play-count"} {
		path, err := migration.Create(dir, name)
		if err != nil || !strings.HasSuffix(path, want) {
			t.Errorf("create %q: got %q, %v, want %s", name, path, err, want)
		}
	}
	if path, err := migration.Create(dir, "second"); err != nil || !strings.HasSuffix(path, "00002_second.sql") {
		t.Errorf("create the next: got %q, %v, want 00002_second.sql", path, err)
	}
	for _, name := range []string{"", "../x", "1st", "é"} {
		if path, err := migration.Create(dir, name); err == nil {
			t.Errorf("create %q: got %q, want an error", name, path)
		}
	}
}
