package testcase

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// TestOutside: what changes something outside the schema of the cases is refused at its place.
func TestOutside(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ sql, at string }{ // at: what the error's place begins with
		{"DROP SCHEMA IF EXISTS ref_e CASCADE", "DROP SCHEMA"},
		{"CREATE SCHEMA ref_e", "CREATE SCHEMA"},
		{"CREATE SCHEMA IF NOT EXISTS ref_e", "CREATE SCHEMA"},
		{"ALTER SCHEMA a RENAME TO b", "ALTER SCHEMA"},
		{"CREATE TABLE IF NOT EXISTS ref_e.rate (a INT)", "ref_e.rate"},
		{`CREATE TABLE "Ref".rate (a INT)`, `"Ref".rate`},
		{"CREATE TABLE p PARTITION OF ref_e.rate DEFAULT", "ref_e.rate"},
		{"CREATE TABLE p () INHERITS (zone, ref_e.rate)", "ref_e.rate"},
		{"CREATE UNLOGGED TABLE ref_e.rate AS SELECT 1 AS a", "ref_e.rate"},
		{"CREATE OR REPLACE VIEW ref_e.v AS SELECT 1 AS a", "ref_e.v"},
		{"CREATE UNIQUE INDEX i ON ref_e.rate (a)", "ref_e.rate"},
		{"CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY ref_e.rate (a)", "ref_e.rate"},
		{"CREATE TRIGGER t BEFORE INSERT OR UPDATE OF a, b ON ref_e.rate EXECUTE FUNCTION f()", "ref_e.rate"},
		{"CREATE RULE r AS ON INSERT TO ref_e.rate DO NOTHING", "ref_e.rate"},
		{"CREATE RULE r AS ON INSERT TO zone DO ALSO INSERT INTO ref_e.rate VALUES (1)", "ref_e.rate"},
		{"CREATE FUNCTION ref_e.f() RETURNS INT LANGUAGE sql AS 'SELECT 1'", "ref_e.f"},
		{"CREATE TYPE ref_e.mood AS ENUM ('a')", "ref_e.mood"},
		{"CREATE ROLE reader", "CREATE ROLE"},
		{"CREATE DATABASE other", "CREATE DATABASE"},
		{"CREATE FOREIGN DATA WRAPPER w", "CREATE FOREIGN"},
		{"CREATE USER MAPPING FOR a SERVER s", "CREATE USER"},
		{"CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION f()", "CREATE EVENT"},
		{"ALTER SYSTEM SET work_mem = '1GB'", "ALTER SYSTEM"},
		{"ALTER TABLE ref_e.rate ADD COLUMN b INT", "ref_e.rate"},
		{"ALTER TABLE IF EXISTS ONLY ref_e.rate ADD COLUMN b INT", "ref_e.rate"},
		{"ALTER TABLE zone SET SCHEMA ref_e", "SCHEMA ref_e"},
		{"ALTER TABLE zone ATTACH PARTITION ref_e.rate DEFAULT", "ref_e.rate"},
		{"ALTER TABLE zone APPEND FROM ref_e.rate", "ref_e.rate"},
		{"DROP TABLE zone, ref_e.rate", "ref_e.rate"},
		{"DROP OWNED BY reader", "DROP OWNED"},
		{"COMMENT ON TABLE ref_e.rate IS 'x'", "ref_e.rate"},
		{"COMMENT ON COLUMN ref_e.rate.a IS 'x'", "ref_e.rate"},
		{"TRUNCATE zone, ref_e.rate", "ref_e.rate"},
		{"TRUNCATE TABLE ref_e.rate", "ref_e.rate"},
		{"REFRESH MATERIALIZED VIEW ref_e.v", "ref_e.v"},
		{"INSERT INTO ref_e.zone VALUES (1)", "ref_e.zone"},
		{"WITH gone AS (DELETE FROM ONLY ref_e.zone RETURNING a) INSERT INTO zone SELECT a FROM gone", "ref_e.zone"},
		{"UPDATE ref_e.zone SET a = 1", "ref_e.zone"},
		{"MERGE INTO ref_e.zone USING zone ON TRUE WHEN MATCHED THEN DELETE", "ref_e.zone"},
		{"SELECT a INTO ref_e.zone FROM zone", "ref_e.zone"},
		{"CALL ref_e.refill()", "ref_e.refill"},
		{"COPY zone TO PROGRAM 'cat'", "PROGRAM"},
		{"SET search_path = public", "search_path"},
		{"SET LOCAL search_path TO pg_catalog, public", "search_path"},
		{"SET SCHEMA 'public'", "SCHEMA"},
		{"SELECT pg_catalog.set_config('search_path', 'public', false)", "'search_path'"},
		{"SELECT setval('ref_e.zone_seq', 1)", "'ref_e.zone_seq'"},
		{"CREATE FUNCTION f() RETURNS INT LANGUAGE sql SET search_path = public AS 'SELECT 1'", "search_path"},
		{"DO $$ BEGIN INSERT INTO ref_e.zone VALUES (1); END $$", "ref_e.zone"},
		{"DO $$ BEGIN EXECUTE 'DROP TABLE ref_e.zone'; END $$", "ref_e.zone"},
		{"DO $$ BEGIN CREATE SCHEMA ref_e; END $$", "CREATE SCHEMA"},
		{"DO $$ BEGIN SET search_path = public; END $$", "search_path"},
		{"DO 'BEGIN DELETE FROM ref_e.zone; END'", "ref_e.zone"},
		{"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $f$BEGIN UPDATE ref_e.zone SET a = 1; " +
			"RETURN NEW; END$f$", "ref_e.zone"},
		// What stays inside, and what only reads.
		{"CREATE TABLE zone (code ext.citext DEFAULT pg_catalog.now(), country INT REFERENCES ref_e.country (id))", ""},
		{"CREATE TABLE zone AS SELECT r.a FROM ref_e.rate AS r", ""},
		{"CREATE VIEW v AS SELECT z.a FROM zone AS z JOIN ref_e.rate AS r ON r.a = z.a", ""},
		{"CREATE INDEX i ON zone (lower(code)) WHERE zone.a > 1", ""},
		{"CREATE TRIGGER t BEFORE UPDATE ON zone FOR EACH ROW WHEN (OLD.a <> NEW.a) EXECUTE FUNCTION ext.f()", ""},
		{"CREATE TEMP TABLE pg_temp.zone (a INT)", ""},
		{"ALTER TABLE zone ALTER COLUMN code TYPE ext.citext, DROP CONSTRAINT c", ""},
		{"ALTER SEQUENCE s OWNED BY zone.id", ""},
		{"COMMENT ON COLUMN zone.code IS 'create schema x'", ""},
		{"INSERT INTO zone SELECT r.a, 'DROP SCHEMA x' FROM ref_e.rate AS r", ""},
		{"INSERT INTO zone (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = EXCLUDED.a", ""},
		{"UPDATE zone SET schema = 'x', a = r.a FROM ref_e.rate AS r WHERE r.b = zone.b", ""},
		{"DELETE FROM zone USING ref_e.rate AS r WHERE r.a = zone.a", ""},
		{"SELECT a FROM zone FOR UPDATE OF zone", ""},
		{"SELECT setval('zone_seq', 1)", ""},
		{"GRANT USAGE ON SCHEMA ref_e TO reader", ""},
		{"GRANT SELECT, UPDATE, TRUNCATE ON zone TO reader", ""},
		{"SET search_path = DEFAULT", ""},
		{"RESET search_path", ""},
		{"SELECT set_config('search_path', '', true)", ""},
		{"CREATE FUNCTION f() RETURNS INT LANGUAGE sql SET search_path = pg_catalog, pg_temp AS 'SELECT 1'", ""},
		{"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles) THEN CREATE ROLE reader; END IF; END $$", ""},
		{"DO $$ DECLARE r RECORD; BEGIN SELECT a, b INTO r.a, r.b FROM zone; UPDATE zone SET a = r.a; END $$", ""},
		{"DROP TABLE IF EXISTS zone CASCADE", ""},
	} {
		const before = "-- +goose Up\n-- +goose StatementBegin\n"
		text := before + c.sql + ";\n-- +goose StatementEnd\n-- +goose Down\nDROP SCHEMA ref_e;\n"
		file, err := sqlfile.Parse("00001_note.sql", text)
		if err != nil {
			t.Fatalf("%s: %v", c.sql, err)
		}
		err = outside(file, sqlfile.Postgres)
		if c.at == "" {
			if err != nil {
				t.Errorf("%s: got %v, want no error", c.sql, err)
			}
			continue
		}
		want := fmt.Sprintf("00001_note.sql:3:%d: ", strings.LastIndex(c.sql, c.at)+1)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want an error at %s", c.sql, err, want)
		}
	}
}
