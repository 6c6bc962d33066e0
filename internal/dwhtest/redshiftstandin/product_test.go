package redshiftstandin_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/bookkeeping"
	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
	"github.com/sparkify/dwh/migrations"
	"github.com/sparkify/dwh/transforms"
)

func pool(t testing.TB, dsn string) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	p, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func migrator(t testing.TB, p *pgxpool.Pool) *migration.Migrator {
	t.Helper()
	m, err := migration.New(t.Context(), p, migration.Options{Engine: sqlfile.Redshift, FS: migrations.FS})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// TestMigrations takes all migrations up, down and up again, as goose's Redshift dialect does it.
func TestMigrations(t *testing.T) {
	t.Parallel()
	server, conn := newServer(t, redshiftstandin.Options{})
	p := pool(t, server.DSN)
	m := migrator(t, p)
	ctx := t.Context()
	steps, err := m.Up(ctx)
	if err != nil {
		t.Fatalf("up: %v", err)
	}
	all, err := m.Status(ctx)
	if err != nil || len(steps) != len(all) {
		t.Fatalf("up: got %d steps, want %d (%v)", len(steps), len(all), err)
	}
	tables, err := catalogue.Read(ctx, conn, sqlfile.Redshift, "public")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tables["s_object"].Key, []catalogue.Name{"url", "etag", "table_name"}; !slices.Equal(got, want) {
		t.Errorf("key of s_object: got %v, want %v", got, want)
	}
	for _, name := range []catalogue.Name{"goose_db_version", bookkeeping.VersionTable} {
		if got := tables[name].Key; !slices.Equal(got, []catalogue.Name{"id"}) {
			t.Errorf("key of goose's table %s: got %v, want id", name, got)
		}
	}
	if _, err := m.DownTo(ctx, 0); err != nil {
		t.Fatalf("down: %v", err)
	}
	if tables, err = catalogue.Read(ctx, conn, sqlfile.Redshift, "public"); err != nil || len(tables) < 3 {
		t.Fatalf("after down: got %v, want goose's and dwh's tables (%v)", tables, err)
	}
	for name := range tables {
		if name != "goose_db_version" && !bookkeeping.Owns(string(name)) {
			t.Errorf("after down: got table %s, want none of the project's", name)
		}
	}
	if _, err := m.Up(ctx); err != nil {
		t.Fatalf("up again: %v", err)
	}
}

// staged are a few rows of every kind: a repeated event, a name for a gender, trailing blanks, a
// late song.
var staged = []string{
	`INSERT INTO s_song (song_id, title, artist_id, artist_name, artist_location, duration, num_songs, year, processed) VALUES
		('S1', 'Song One ', 'A1', 'Artist', 'Paris', 200.5, 1, 2001, FALSE), ('S2', 'Song Two', 'A2', 'Artist', '<b>', 100.25, 1, 0, FALSE)`,
	`INSERT INTO s_name (name, sex, births, processed) VALUES ('Ada', 'F', 100, FALSE), ('Ada', 'M', 3, FALSE)`,
	`INSERT INTO s_songplay_event (artist, first_name, gender, item_in_session, last_name, length, level, location, page, session_id, song, ts, user_agent, user_id, processed) VALUES
		('Artist', 'Ada', NULL, 1, 'L', 200.5, 'free', 'Here', 'NextSong', 7, 'Song One', 1541106106796, 'agent', '10', FALSE),
		('Artist', 'Ada', NULL, 1, 'L', 200.5, 'free', 'Here', 'NextSong', 7, 'Song One', 1541106106796, 'agent', '10', FALSE),
		('Artist', 'Bob', 'M', 2, 'M', NULL, 'paid', 'There', 'NextSong', 8, 'Other', 1541120000000, 'agent', '11', FALSE),
		(NULL, 'Bob', 'M', 3, 'M', NULL, 'paid', 'There', 'Home', 8, NULL, 1541120000001, 'agent', '11', FALSE)`,
}

var starTables = []string{"d_song", "d_artist", "d_user", "d_time", "f_songplay"}

// TestTransforms runs every transform, the checks and a replay, and compares with what PostgreSQL
// makes of the same rows.
func TestTransforms(t *testing.T) {
	t.Parallel()
	star := func(engine sqlfile.Engine, dsn, tables string) string {
		p := pool(t, dsn)
		m, err := migration.New(t.Context(), p, migration.Options{Engine: engine, FS: migrations.FS})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(m.Close)
		if _, err := m.Up(t.Context()); err != nil {
			t.Fatalf("%s: up: %v", engine, err)
		}
		conn := connect(t, dsn)
		exec(t, conn, staged...)
		steps, err := transform.Steps(transforms.FS, "transforms", engine)
		if err != nil {
			t.Fatal(err)
		}
		r, err := transform.New(transform.Options{
			Pool: p, Engine: engine, Version: "test", Steps: steps,
			Checking: transform.Checking{Checks: star.Checks(t)},
		})
		if err != nil {
			t.Fatal(err)
		}
		result, err := r.Run(t.Context(), "test", nil)
		if err != nil {
			t.Fatalf("%s: run: %v", engine, err)
		}
		if len(result.Transforms) != 9 {
			t.Errorf("%s: got %d transforms, want 9", engine, len(result.Transforms))
		}
		replay, err := r.Replay(t.Context(), "test")
		if err != nil {
			t.Fatalf("%s: replay: %v", engine, err)
		}
		if replay.Changed() {
			t.Errorf("%s: replay differs: %+v", engine, replay.Differences)
		}
		if _, err := r.Check(t.Context(), "", nil); err != nil {
			t.Errorf("%s: check: %v", engine, err)
		}
		var out strings.Builder
		for _, table := range starTables {
			out.WriteString(dwhtest.TableText(t, tables, table, ""))
		}
		return out.String()
	}
	server := redshiftstandin.Start(t, redshiftstandin.Options{})
	got := star(sqlfile.Redshift, server.DSN, server.Backing)
	dsn := dwhtest.Database(t)
	want := star(sqlfile.Postgres, dsn, dsn)
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if strings.Count(want, "\n") < 10 {
		t.Errorf("too little to compare:\n%s", want)
	}
}

// TestRetry lets transactions fail with error 1023 at their commit and before: the run tries again
// and counts.
func TestRetry(t *testing.T) {
	t.Parallel()
	server, conn := newServer(t, redshiftstandin.Options{Isolation: redshiftstandin.Serializable})
	p := pool(t, server.DSN)
	if _, err := migrator(t, p).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	exec(t, conn, staged...)
	steps, err := transform.Steps(transforms.FS, "transforms", sqlfile.Redshift)
	if err != nil {
		t.Fatal(err)
	}
	server.Raise1023(2)
	r, err := transform.New(transform.Options{
		Pool: p, Engine: sqlfile.Redshift, Version: "test", Steps: steps,
		Checking: transform.Checking{Checks: star.Checks(t)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Run(context.Background(), "test", nil); err != nil {
		t.Fatalf("run: %v", err)
	}
	if got := rows(t, conn, "SELECT retries FROM dwh_run"); !slices.Equal(got, []string{"2"}) {
		t.Errorf("retries in the journal: got %v, want 2", got)
	}
}

// TestQueries calls every query that sqlc generated with some value for each parameter, but those
// of prechecks, which are PostgreSQL's.
func TestQueries(t *testing.T) {
	t.Parallel()
	server, conn := newServer(t, redshiftstandin.Options{})
	if _, err := migrator(t, pool(t, server.DSN)).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	exec(t, conn, staged...)
	queries := reflect.ValueOf(dwhdb.New(conn))
	called := 0
	for i := range queries.NumMethod() {
		method := queries.Type().Method(i)
		if method.Name == "WithTx" || strings.HasSuffix(method.Name, "Precheck") { // PostgreSQL's
			continue
		}
		args := []reflect.Value{reflect.ValueOf(t.Context())}
		for k := 2; k < method.Type.NumIn(); k++ {
			args = append(args, someValue(method.Type.In(k)))
		}
		out := queries.Method(i).Call(args)
		err, _ := out[len(out)-1].Interface().(error)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			t.Errorf("%s: %v", method.Name, err)
		}
		called++
	}
	if called < 60 {
		t.Errorf("got %d queries, want all of them", called)
	}
}

func someValue(kind reflect.Type) reflect.Value {
	value := reflect.New(kind).Elem()
	switch {
	case kind == reflect.TypeFor[time.Time]():
		value.Set(reflect.ValueOf(time.Date(2018, 11, 11, 0, 0, 0, 0, time.UTC)))
	case kind.Kind() == reflect.Struct:
		for i := range kind.NumField() {
			value.Field(i).Set(someValue(kind.Field(i).Type))
		}
	case kind.Kind() == reflect.Pointer:
		value.Set(reflect.New(kind.Elem()))
		value.Elem().Set(someValue(kind.Elem()))
	case kind.Kind() == reflect.String:
		value.SetString("a")
	case value.CanInt():
		value.SetInt(1)
	case value.CanFloat():
		value.SetFloat(0.5)
	}
	return value
}
