package localpg_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/localpg"
)

// try runs a statement and returns its SQLSTATE, "" when it did well.
func try(t *testing.T, dsn, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	return code(conn.PgConn().Exec(t.Context(), sql).Close())
}

func code(err error) string {
	if err == nil {
		return ""
	}
	if state, ok := errorsAsState(err); ok {
		return state
	}
	return err.Error()
}

// The role of everyday commands owns its databases and can read no file of the server.
func TestEverydayRole(t *testing.T) {
	t.Parallel()
	s := newServer(t, dwhtest.DataDir(t))
	info := start(t, s)
	if err := s.EnsureDatabase(t.Context(), "wh"); err != nil {
		t.Fatal(err)
	}
	boss := admin(t, s, info)
	if info.User != "dwh" || boss.User != "dwh_admin" || boss.Password == info.Password {
		t.Errorf("got the roles %s and %s, want dwh and dwh_admin with passwords of their own", info.User, boss.User)
	}
	secret := filepath.Join(s.DataDir(), "password")
	const refused = "42501"
	for sql, want := range map[string]string{
		"SELECT pg_read_file('" + secret + "')":                 refused,
		"SELECT pg_read_binary_file('" + secret + "')":          refused,
		"SELECT pg_ls_dir('.')":                                 refused,
		"CREATE TABLE f (x TEXT); COPY f FROM '" + secret + "'": refused,
		"COPY (SELECT 1) TO '/tmp/dwh-test-copy'":               refused,
		"COPY (SELECT 1) TO PROGRAM 'cat'":                      refused,
		"SELECT lo_import('" + secret + "')":                    refused,
		"CREATE ROLE other SUPERUSER":                           refused,
		"ALTER ROLE dwh SUPERUSER":                              refused,
		"GRANT dwh_admin TO dwh":                                refused,
		"SET ROLE dwh_admin":                                    refused,
		"ALTER SYSTEM SET work_mem = '1MB'":                     refused,
		"SELECT rolpassword FROM pg_authid":                     refused,
		// absent, or refused: see below
		"CREATE EXTENSION file_fdw": "",
		"CHECKPOINT":                "",
		"CREATE SCHEMA scratch; CREATE TABLE scratch.t (x INTEGER); ANALYZE scratch.t; DROP SCHEMA scratch CASCADE": "",
		// in one message, as a transaction
		"CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (1); VACUUM t":       "25001",
		"SELECT pg_stat_get_activity(NULL), current_setting('data_directory')": "",
		"CREATE PUBLICATION p":                        "",
		"SET client_connection_check_interval = '1s'": "",
	} {
		got := try(t, info.DSN("wh"), sql)
		if strings.Contains(sql, "file_fdw") {
			if got == "" {
				t.Errorf("%s: got no error, want a refusal", sql)
			}
			continue
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", sql, got, want)
		}
	}
	if owner := dwhtest.Query(t, info.DSN("wh"),
		"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()")[0][0]; owner != "dwh" {
		t.Errorf("got the owner %s, want dwh", owner)
	}
	if got := try(t, boss.DSN("wh"), "CREATE ROLE reader LOGIN; CREATE TABLE x (y INTEGER)"); got != "" {
		t.Errorf("the superuser: got %s, want no error", got)
	}
	// Whoever is in the middle between initdb and the role finds it made.
	dwhtest.Query(t, boss.DSN("postgres"), "DROP DATABASE wh WITH (FORCE)")
	dwhtest.Query(t, boss.DSN("postgres"), "DROP OWNED BY dwh; DROP ROLE dwh")
	start(t, s)
	if got := dwhtest.Query(t, info.DSN("postgres"),
		"SELECT current_user || current_setting('is_superuser')")[0][0]; got != "dwhoff" {
		t.Errorf("got %s, want the role dwh made again", got)
	}
	if err := s.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(s.DataDir(), "admin-password")); !os.IsNotExist(err) {
		t.Errorf("after reset: got %v, want no password left", err)
	}
}

// older makes of a server what an older dwh left: one role, dwh, the superuser that initdb made.
func older(t *testing.T, s *localpg.Server, info localpg.Info) {
	t.Helper()
	boss := admin(t, s, info)
	dwhtest.Query(
		t,
		boss.DSN("postgres"),
		"DROP OWNED BY dwh; DROP ROLE dwh; CREATE ROLE helper SUPERUSER LOGIN PASSWORD '"+localpg.Verifier(
			"helper",
		)+"'",
	)
	helper := boss
	helper.User, helper.Password = "helper", "helper"
	dwhtest.Query(
		t,
		helper.DSN("postgres"),
		"ALTER ROLE dwh_admin RENAME TO dwh; ALTER ROLE dwh PASSWORD '"+localpg.Verifier(info.Password.Reveal())+"'",
	)
	dwhtest.Query(t, info.DSN("postgres"), "DROP ROLE helper")
	if err := os.Remove(filepath.Join(s.DataDir(), "admin-password")); err != nil {
		t.Fatal(err)
	}
}

// zoo is one object of each kind that somebody may have made as the old role.
const zoo = `
CREATE SCHEMA mine;
CREATE TABLE t (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n SERIAL, name VARCHAR(10) DEFAULT 'x', UNIQUE (name));
INSERT INTO t (name) VALUES ('a'), ('b');
CREATE TABLE mine."odd ""table" (id INTEGER);
CREATE TABLE parted (id INTEGER) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE UNLOGGED TABLE u (id INTEGER);
CREATE VIEW v AS SELECT * FROM t;
CREATE MATERIALIZED VIEW m AS SELECT count(*) AS n FROM t;
CREATE SEQUENCE alone;
CREATE TYPE pair AS (a INTEGER, b INTEGER);
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TYPE span AS RANGE (subtype = INTEGER);
CREATE DOMAIN positive AS INTEGER CHECK (VALUE > 0);
CREATE FUNCTION twice(x INTEGER) RETURNS INTEGER LANGUAGE sql AS 'SELECT x * 2';
CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE total(INTEGER) (SFUNC = int4pl, STYPE = INTEGER, INITCOND = '0');
CREATE FUNCTION same(pair, pair) RETURNS BOOLEAN LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR === (LEFTARG = pair, RIGHTARG = pair, FUNCTION = same);
CREATE OPERATOR FAMILY fam USING btree;
CREATE OPERATOR CLASS cls FOR TYPE INTEGER USING btree FAMILY fam AS OPERATOR 1 <, FUNCTION 1 btint4cmp(INTEGER, INTEGER);
CREATE COLLATION coll FROM "C";
CREATE CONVERSION conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TEXT SEARCH DICTIONARY dict (TEMPLATE = simple);
CREATE TEXT SEARCH CONFIGURATION conf (PARSER = default);
CREATE STATISTICS stat ON id, name FROM t;
CREATE PUBLICATION pub FOR TABLE t;
CREATE PUBLICATION everything FOR ALL TABLES;
CREATE FUNCTION ended() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER stays ON sql_drop EXECUTE FUNCTION ended();
SELECT lo_from_bytea(4711, 'blob');
CREATE ROLE reader LOGIN;
CREATE ROLE mate LOGIN;
GRANT dwh TO mate;
GRANT SELECT ON t TO reader WITH GRANT OPTION;
GRANT USAGE ON SCHEMA mine TO reader;
GRANT CONNECT ON DATABASE old TO reader;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA mine GRANT USAGE ON SEQUENCES TO reader;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER ROLE dwh SET search_path = mine, public;
ALTER ROLE dwh IN DATABASE old SET work_mem = '5MB';
CREATE TABLESPACE place LOCATION '%s';
`

// ownedBySuperuser lists what the first role still owns in a database.
const ownedBySuperuser = `
SELECT COALESCE(string_agg(kind || ' ' || name, ', ' ORDER BY kind, name), '') FROM (
    SELECT 'relation' AS kind, relname::text AS name FROM pg_class WHERE relowner = 10 AND oid >= 16384 AND relnamespace <> 'pg_toast'::regnamespace
    UNION ALL SELECT 'function', proname FROM pg_proc WHERE proowner = 10 AND oid >= 16384
    UNION ALL SELECT 'type', typname FROM pg_type WHERE typowner = 10 AND oid >= 16384
    UNION ALL SELECT 'schema', nspname FROM pg_namespace WHERE nspowner = 10 AND oid >= 16384 AND nspname !~ '^pg_'
    UNION ALL SELECT 'collation', collname FROM pg_collation WHERE collowner = 10 AND oid >= 16384
    UNION ALL SELECT 'conversion', conname FROM pg_conversion WHERE conowner = 10 AND oid >= 16384
    UNION ALL SELECT 'operator', oprname FROM pg_operator WHERE oprowner = 10 AND oid >= 16384
    UNION ALL SELECT 'class', opcname FROM pg_opclass WHERE opcowner = 10 AND oid >= 16384
    UNION ALL SELECT 'family', opfname FROM pg_opfamily WHERE opfowner = 10 AND oid >= 16384
    UNION ALL SELECT 'dictionary', dictname FROM pg_ts_dict WHERE dictowner = 10 AND oid >= 16384
    UNION ALL SELECT 'configuration', cfgname FROM pg_ts_config WHERE cfgowner = 10 AND oid >= 16384
    UNION ALL SELECT 'statistics', stxname FROM pg_statistic_ext WHERE stxowner = 10
    UNION ALL SELECT 'publication', pubname FROM pg_publication WHERE pubowner = 10
    UNION ALL SELECT 'event trigger', evtname FROM pg_event_trigger WHERE evtowner = 10
    UNION ALL SELECT 'large object', oid::text FROM pg_largeobject_metadata WHERE lomowner = 10
    UNION ALL SELECT 'database', datname FROM pg_database WHERE datdba = 10 AND oid >= 16384
    UNION ALL SELECT 'tablespace', spcname FROM pg_tablespace WHERE spcowner = 10 AND oid >= 16384
) AS one`

// A data folder of an older dwh is upgraded by the next start, and everything in it goes on working
// under the same DSN.
func TestUpgradeOfAnOlderFolder(t *testing.T) {
	t.Parallel()
	s := newServer(t, dwhtest.DataDir(t))
	info := start(t, s)
	older(t, s, info)
	dsn := info.DSN("old")
	dwhtest.Query(t, info.DSN("postgres"), "CREATE DATABASE old TEMPLATE template0 ENCODING 'UTF8'")
	dwhtest.Query(t, info.DSN("postgres"), "CREATE DATABASE shut TEMPLATE template0")
	dwhtest.Query(t, info.DSN("postgres"), "ALTER DATABASE shut ALLOW_CONNECTIONS false")
	place := filepath.Join(filepath.Dir(s.DataDir()), "place-"+filepath.Base(s.DataDir()))
	if err := os.Mkdir(place, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(place) })
	if uid, gid := ownerOf(t, s.DataDir()); os.Geteuid() == 0 {
		if err := os.Chown(place, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	creating, tablespace, _ := strings.Cut(fmt.Sprintf(zoo, place), "CREATE TABLESPACE")
	dwhtest.Query(t, dsn, creating)
	dwhtest.Query(t, dsn, "CREATE TABLESPACE"+tablespace)
	const contents = "SELECT string_agg(id || name || n, ',' ORDER BY id) FROM public.t"
	before := dwhtest.Query(t, dsn, contents)[0][0]

	// While somebody is connected nothing is changed, and everything works.
	busy, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	logging, err := localpg.New(
		localpg.Options{DataDir: s.DataDir(), Memory: 512 << 20, Logger: slog.New(slog.NewTextHandler(&log, nil))},
	)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Running(t.Context()); ok {
		t.Errorf("got an older server as ready for use, want Start asked to upgrade it")
	}
	if again := start(t, logging); again.DSN("old") != dsn || again.Started {
		t.Errorf("got %+v, want the running server", again)
	}
	if !strings.Contains(log.String(), "still a superuser") ||
		!strings.Contains(log.String(), "sessions that are connected: 1") {
		t.Errorf("got the log %s, want the reason why nothing was upgraded", log.String())
	}
	if got := dwhtest.Query(t, dsn, "SELECT current_setting('is_superuser')")[0][0]; got != "on" {
		t.Errorf("got is_superuser %s, want the old role as it was", got)
	}
	if err := s.EnsureDatabase(t.Context(), "early"); err != nil {
		t.Errorf("a database before the upgrade: %v", err)
	}
	if err := busy.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	check := func(t *testing.T) {
		t.Helper()
		log.Reset()
		defer func() {
			if t.Failed() {
				t.Logf("the log: %s", log.String())
			}
		}()
		if upgraded := start(t, logging); upgraded.DSN("old") != dsn {
			t.Errorf("got another DSN, want the same")
		}
		if got := dwhtest.Query(t, dsn,
			"SELECT current_user || current_setting('is_superuser')")[0][0]; got != "dwhoff" {
			t.Errorf("got %s, want the role dwh without a superuser's rights", got)
		}
		boss := admin(t, s, info)
		if got := dwhtest.Query(t, boss.DSN("postgres"),
			"SELECT string_agg(rolname || rolsuper, ',' ORDER BY rolname) FROM pg_roles WHERE "+
				"rolname ~ '^dwh'")[0][0]; got != "dwhfalse,dwh_admintrue" {
			t.Errorf("got the roles %s, want two", got)
		}
		if got := dwhtest.Query(t, boss.DSN("old"),
			ownedBySuperuser)[0][0]; got != "event trigger stays, publication everything" {
			t.Errorf("the superuser still owns: got %s, want what nobody else may own", got)
		}
		if got := dwhtest.Query(t, dsn, contents)[0][0]; got != before {
			t.Errorf("got the rows %s, want %s", got, before)
		}
	}
	check(t)
	boss := admin(t, s, info)
	for sql, want := range map[string]string{
		"SELECT array_to_string(relacl, ' ') FROM pg_class WHERE relname = " +
			"'t'": "dwh=arwdDxt/dwh reader=r*/dwh",
		"SELECT array_to_string(nspacl, ' ') FROM pg_namespace WHERE nspname = " +
			"'mine'": "dwh=UC/dwh reader=U/dwh",
		"SELECT pg_has_role('mate', 'dwh', 'USAGE')::text || pg_has_role('mate', 'dwh_admin', " +
			"'MEMBER')::text": "truefalse",
		"SELECT string_agg(setconfig::text, ' ' ORDER BY setconfig::text) FROM " +
			"pg_db_role_setting WHERE setrole = 'dwh'::regrole": `{"search_path=mine, public"} {work_mem=5MB}`,
		"SELECT string_agg(defaclobjtype::text || ':' || defaclacl::text, ' ' ORDER BY " +
			"defaclobjtype::text) FROM pg_default_acl WHERE defaclrole = " +
			"'dwh'::regrole": "S:{reader=U/dwh} f:{dwh=X/dwh} r:{reader=r/dwh,dwh=arwdDxt/dwh}",
	} {
		if got := dwhtest.Query(t, boss.DSN("old"), sql)[0][0]; got != want {
			t.Errorf("%s: got %s, want %s", sql, got, want)
		}
	}
	// The role may do with its objects what it did before.
	if got := try(t, dsn,
		"SET search_path = public; ALTER TABLE t ADD COLUMN more INTEGER; INSERT INTO t (name) "+
			"VALUES ('c'); DELETE FROM t WHERE name = 'c'; ALTER TABLE t DROP COLUMN more; "+
			"REFRESH MATERIALIZED VIEW m; SELECT nextval('alone')"); got != "" {
		t.Errorf("got %s, want the role to own its tables", got)
	}

	// A second start changes nothing; neither does one after a kill between the exchange of the
	// names and the end.
	check(t)
	key := filepath.Join(s.DataDir(), "admin-password")
	if err := os.Rename(key, key+".new"); err != nil {
		t.Fatal(err)
	}
	dwhtest.Query(t, boss.DSN("postgres"), "CREATE ROLE dwh_upgrade SUPERUSER LOGIN")
	check(t)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(t)
}

// An upgrade that was cut off goes on at the next start, and one that cannot be done leaves the
// server at work.
func TestInterruptedUpgrade(t *testing.T) {
	t.Parallel()
	s := newServer(t, dwhtest.DataDir(t))
	info := start(t, s)
	older(t, s, info)
	dwhtest.Query(t, info.DSN("postgres"), "CREATE DATABASE old TEMPLATE template0 ENCODING 'UTF8'")
	dwhtest.Query(t, info.DSN("old"), "CREATE TABLE t (id INTEGER); CREATE TABLE other (id INTEGER)")
	// A role of the user's has the name that the superuser gets.
	dwhtest.Query(t, info.DSN("postgres"), "CREATE ROLE dwh_admin")
	start(t, s)
	if got := dwhtest.Query(t, info.DSN("old"),
		"SELECT current_setting('is_superuser') FROM (SELECT count(*) FROM t) AS one")[0][0]; got != "on" {
		t.Errorf("got is_superuser %s, want the old role at work", got)
	}
	dwhtest.Query(t, info.DSN("postgres"), "DROP ROLE dwh_admin")
	// What was made meanwhile is handed over too.
	dwhtest.Query(t, info.DSN("old"), "CREATE TABLE late (id INTEGER)")
	start(t, s)
	if got := dwhtest.Query(t, info.DSN("old"),
		"SELECT current_setting('is_superuser') || string_agg(DISTINCT "+
			"pg_get_userbyid(relowner), '') FROM pg_class WHERE relname IN ('t', 'other', "+
			"'late')")[0][0]; got != "offdwh" {
		t.Errorf("got %s, want three tables of a role that is no superuser", got)
	}
}

// Nothing that the everyday role puts into a schema runs as the superuser.
func TestSuperuserCallsNothingOfTheRole(t *testing.T) {
	t.Parallel()
	s := newServer(t, dwhtest.DataDir(t))
	info := start(t, s)
	boss := admin(t, s, info)
	dwhtest.Query(t, boss.DSN("postgres"), "ALTER DATABASE postgres OWNER TO dwh; GRANT ALL ON SCHEMA public TO dwh")
	dwhtest.Query(t, info.DSN("postgres"), `
		CREATE FUNCTION trap(name, text) RETURNS BOOLEAN LANGUAGE plpgsql AS 'BEGIN ALTER ROLE dwh SUPERUSER; RETURN false; END';
		CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = text, FUNCTION = trap)`)
	if err := s.EnsureDatabase(t.Context(), "wh"); err != nil {
		t.Fatal(err)
	}
	start(t, s)
	if got := dwhtest.Query(t, info.DSN("postgres"), "SELECT current_setting('is_superuser')")[0][0]; got != "off" {
		t.Errorf("got is_superuser %s, want off", got)
	}
}
