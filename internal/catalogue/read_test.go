package catalogue_test

import (
	"context"
	"flag"
	"reflect"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
	"github.com/sparkify/dwh/internal/sqlfile"
)

func TestMain(m *testing.M) {
	flag.Parse()
	dwhtest.Main(m)
}

// TestReadBothWays reads one PostgreSQL schema from the server's own catalogue and from
// information_schema, which Redshift has too.
func TestReadBothWays(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeExec, pgx.QueryExecModeCacheStatement} {
		config, err := pgx.ParseConfig(dwhtest.Database(t))
		if err != nil {
			t.Fatal(err)
		}
		config.DefaultQueryExecMode = mode
		conn, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(ctx) }()
		if _, err := conn.Exec(ctx, `
			CREATE DOMAIN present AS INTEGER NOT NULL;
			CREATE TABLE keyless (b INTEGER, a INTEGER NOT NULL);
			CREATE TABLE keyed (gone INTEGER, c INTEGER, b VARCHAR(3), a BIGINT, n present, PRIMARY KEY (a, c));
			ALTER TABLE keyed DROP COLUMN gone;
			ALTER TABLE keyed ADD COLUMN late INTEGER NOT NULL DEFAULT 1;
			CREATE TABLE included (k INTEGER, extra INTEGER, PRIMARY KEY (k) INCLUDE (extra));
			CREATE TABLE uniquely (u INTEGER NOT NULL UNIQUE, v INTEGER);
			CREATE TABLE parted (p INTEGER PRIMARY KEY) PARTITION BY RANGE (p);
			CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
			CREATE TABLE "ta""ble; --" ("co""l" INTEGER PRIMARY KEY, "Select" INTEGER, "ä'" INTEGER);
			CREATE VIEW seen AS SELECT a, c FROM keyed;
			CREATE MATERIALIZED VIEW kept AS SELECT a FROM keyed;
			CREATE SEQUENCE counter;
			CREATE TYPE pair AS (x INTEGER, y INTEGER);
			CREATE TABLE columnless ();
			CREATE INDEX keyed_b ON keyed (b);
			CREATE SCHEMA "other""s";
			CREATE TABLE "other""s".keyed (z INTEGER PRIMARY KEY);
			CREATE TEMP TABLE passing (q INTEGER PRIMARY KEY)`); err != nil {
			t.Fatal(err)
		}
		for schema, tables := range map[catalogue.Name]int{"public": 8, `other"s`: 1, "nowhere": 0} {
			got, err := catalogue.Read(ctx, conn, sqlfile.Postgres, schema)
			if err != nil {
				t.Fatal(err)
			}
			want, err := catalogue.Read(ctx, conn, sqlfile.Redshift, schema)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != tables {
				t.Errorf("%s, %s: got %d tables, want %d", mode, schema, len(got), tables)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s:\ngot  %+v\nwant %+v", mode, schema, got, want)
			}
		}
		all, err := catalogue.Read(ctx, conn, sqlfile.Postgres, "public")
		if err != nil {
			t.Fatal(err)
		}
		want := catalogue.Table{
			Schema: "public", Name: "keyed", Columns: []catalogue.Name{"c", "b", "a", "n", "late"},
			Required: []catalogue.Name{"c", "a", "n", "late"}, Key: []catalogue.Name{"a", "c"},
		}
		if got := all["keyed"]; !reflect.DeepEqual(got, want) {
			t.Errorf("keyed: got %+v, want %+v", got, want)
		}
	}
}

// TestReadWithoutPrivileges sees what the role may use, whichever way it reads, and a key that it
// may only read.
func TestReadWithoutPrivileges(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, dwhtest.Admin(t, dwhtest.Database(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var database string
	if err := conn.QueryRow(ctx, `SELECT current_database()`).Scan(&database); err != nil {
		t.Fatal(err)
	}
	// Roles are the server's, which other tests share.
	role := catalogue.Name("reader_" + database).SQL()
	if _, err := conn.Exec(ctx, strings.ReplaceAll(`
		CREATE ROLE reader;
		CREATE TABLE hidden (a INTEGER PRIMARY KEY);
		CREATE TABLE partly (a INTEGER, b INTEGER, c INTEGER);
		CREATE TABLE readable (b INTEGER, a INTEGER PRIMARY KEY);
		CREATE TABLE writable (b INTEGER, a INTEGER PRIMARY KEY);
		GRANT SELECT (b) ON partly TO reader;
		GRANT SELECT ON readable TO reader;
		GRANT SELECT, INSERT ON writable TO reader;
		SET ROLE reader;`, "reader;", role+";")); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if _, err := conn.Exec(ctx, `RESET ROLE; DROP OWNED BY `+role+`; DROP ROLE `+role); err != nil {
			t.Error(err)
		}
	}()
	got, err := catalogue.Read(ctx, conn, sqlfile.Postgres, "public")
	if err != nil {
		t.Fatal(err)
	}
	want, err := catalogue.Read(ctx, conn, sqlfile.Redshift, "public")
	if err != nil {
		t.Fatal(err)
	}
	if key := got["readable"].Key; len(key) != 1 || key[0] != "a" {
		t.Errorf("key of a table that may only be read: got %v, want a", key)
	}
	if len(got) != 3 || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestReadKeysOfOthers reads the keys of Redshift's tables as a user who does not own them.
func TestReadKeysOfOthers(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server := redshiftstandin.Start(t, redshiftstandin.Options{})
	connect := func(dsn string) *pgx.Conn {
		config, err := pgx.ParseConfig(dsn)
		if err != nil {
			t.Fatal(err)
		}
		config.DefaultQueryExecMode = pgx.QueryExecModeExec
		conn, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
		return conn
	}
	owner := connect(server.DSN)
	const user = "catalogue_reads_keys"
	other := connect(server.AddUser(t, user))
	for _, sql := range []string{
		"CREATE TABLE keyed (gone INTEGER, c INTEGER, b VARCHAR(3), a BIGINT, PRIMARY KEY (a, c))",
		"ALTER TABLE keyed DROP COLUMN gone",
		"CREATE TABLE keyless (a INTEGER)", "CREATE TABLE hidden (a INTEGER PRIMARY KEY)",
		"GRANT SELECT, INSERT ON keyed TO " + user, "GRANT SELECT ON keyless TO " + user,
	} {
		if _, err := owner.Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	got, err := catalogue.Read(ctx, other, sqlfile.Redshift, "public")
	if err != nil {
		t.Fatal(err)
	}
	want := map[catalogue.Name]catalogue.Table{
		"keyed": {
			Schema:   "public",
			Name:     "keyed",
			Columns:  []catalogue.Name{"c", "b", "a"},
			Required: []catalogue.Name{"c", "a"},
			Key:      []catalogue.Name{"a", "c"},
		},
		"keyless": {Schema: "public", Name: "keyless", Columns: []catalogue.Name{"a"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
