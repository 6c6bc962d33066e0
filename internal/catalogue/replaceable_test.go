package catalogue_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhtest"
)

// replaceableTables are tables in whose place another may come: t by one with the same key, w by a
// staging copy.
const replaceableTables = `
	CREATE TABLE t (id INTEGER PRIMARY KEY, gone INTEGER, v VARCHAR(10) NOT NULL, long TEXT);
	ALTER TABLE t DROP COLUMN gone;
	CREATE TABLE w (id INTEGER, v VARCHAR(10) DEFAULT 'x' NOT NULL, long TEXT);
	CREATE INDEX w_v ON w (LOWER(v)) WITH (fillfactor = 90);
	CREATE STATISTICS w_both ON id, v FROM w;
	CREATE ROLE replaceable_reader;
	CREATE FUNCTION nothing() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';`

// TestObstacles has a case for every kind of object that another table in its place would lose, or
// have in addition.
func TestObstacles(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, dwhtest.Admin(t, dwhtest.Database(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	const key, copied = "t", "w"
	cases := []struct{ obstacle, table, sql string }{
		{"", key, ""},
		{"", copied, ""},
		{"", key, "CREATE VIEW other AS SELECT id FROM w; CREATE SEQUENCE free; GRANT SELECT ON w TO " +
			"replaceable_reader"},
		{"", copied, "CREATE SEQUENCE free; ALTER TABLE w ALTER COLUMN id SET DEFAULT nextval('free')"},
		{"no primary key", key, "ALTER TABLE t DROP CONSTRAINT t_pkey"},
		{"a primary key", copied, "ALTER TABLE w ADD PRIMARY KEY (id)"},
		{"another owner", key, "ALTER TABLE t OWNER TO replaceable_reader"},
		{"no plain table", key, "ALTER TABLE t SET UNLOGGED"},
		{"no plain table", key, "ALTER TABLE t RENAME TO real; CREATE VIEW t AS SELECT * FROM w"},
		{"no plain table", copied, "DROP TABLE w; CREATE TYPE shape AS (id INTEGER); CREATE TABLE w OF shape"},
		{"another access method", key, "CREATE ACCESS METHOD pile TYPE TABLE HANDLER heap_tableam_handler; SET " +
			"LOCAL default_table_access_method = pile"},
		{"another access method", copied, "CREATE ACCESS METHOD pile TYPE TABLE HANDLER heap_tableam_handler; DROP " +
			"TABLE w; CREATE TABLE w (id INTEGER) USING pile"},
		{"a tablespace", key, "SET LOCAL default_tablespace = pg_default"},
		{"privileges", key, "GRANT SELECT ON t TO replaceable_reader"},
		{"privileges", key, "GRANT SELECT (v) ON t TO replaceable_reader"},
		{"privileges", key, "REVOKE DELETE ON t FROM CURRENT_USER"},
		{"privileges", key, "GRANT USAGE ON TYPE t TO replaceable_reader"},
		{"default privileges", key, "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO replaceable_reader"},
		{"default privileges", copied, "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC"},
		{"default privileges", key, "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO " +
			"replaceable_reader"},
		{"default privileges", key, "ALTER DEFAULT PRIVILEGES REVOKE DELETE ON TABLES FROM CURRENT_USER"},
		{"default privileges", key, "ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC"},
		{"", key, "ALTER DEFAULT PRIVILEGES FOR ROLE replaceable_reader GRANT SELECT ON TABLES TO PUBLIC"},
		{"", key, "ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO replaceable_reader"},
		{"row security", key, "ALTER TABLE t ENABLE ROW LEVEL SECURITY"},
		{"row security", key, "ALTER TABLE t FORCE ROW LEVEL SECURITY"},
		{"row security", key, "CREATE POLICY own ON t USING (TRUE)"},
		// No module that takes labels comes with PostgreSQL.
		{"a security label", key, "INSERT INTO pg_seclabel (objoid, classoid, objsubid, provider, label) VALUES " +
			"(CAST('t' AS regclass), CAST('pg_class' AS regclass), 0, 'p', 'l')"},
		{"a security label", key, "INSERT INTO pg_seclabel (objoid, classoid, objsubid, provider, label) VALUES " +
			"(CAST('t' AS regclass), CAST('pg_class' AS regclass), 1, 'p', 'l')"},
		{"a trigger or foreign key", key, "CREATE TRIGGER nothing AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION " +
			"nothing()"},
		{"a trigger or foreign key", key, "CREATE TRIGGER nothing AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION " +
			"nothing(); ALTER TABLE t DISABLE TRIGGER nothing"},
		{"a trigger or foreign key", key, "ALTER TABLE w ADD FOREIGN KEY (id) REFERENCES t"},
		{"a trigger or foreign key", copied, "ALTER TABLE w ADD FOREIGN KEY (id) REFERENCES t"},
		{"a rule", key, "CREATE RULE keep AS ON DELETE TO t DO INSTEAD NOTHING"},
		{"an event trigger", key, "CREATE FUNCTION grants() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN " +
			"END'; CREATE EVENT TRIGGER grants ON ddl_command_end EXECUTE FUNCTION grants()"},
		{"", key, "CREATE FUNCTION grants() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT " +
			"TRIGGER grants ON ddl_command_end EXECUTE FUNCTION grants(); ALTER EVENT TRIGGER grants DISABLE"},
		{"a publication", key, "CREATE PUBLICATION p FOR TABLE t"},
		{"a publication", copied, "CREATE PUBLICATION p FOR ALL TABLES"},
		{"a publication", key, "CREATE PUBLICATION p FOR TABLES IN SCHEMA public"},
		{
			"a subscription", key,
			`CREATE SUBSCRIPTION s CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = FALSE, slot_name = NONE);
			INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate) SELECT oid, CAST('t' AS regclass), 'r' FROM pg_subscription WHERE subname = 's'`,
		},
		{"a replica identity", key, "ALTER TABLE t REPLICA IDENTITY FULL"},
		{"a replica identity", key, "ALTER TABLE t REPLICA IDENTITY USING INDEX t_pkey"},
		{"inheritance or partitions", key, "CREATE TABLE child () INHERITS (t)"},
		{"inheritance or partitions", copied, "CREATE TABLE parent (id INTEGER); ALTER TABLE w INHERIT parent"},
		{"inheritance or partitions", copied, "DROP TABLE w; CREATE TABLE whole (id INTEGER) PARTITION BY RANGE " +
			"(id); CREATE TABLE w PARTITION OF whole DEFAULT"},
		{"a default", key, "ALTER TABLE t ALTER COLUMN v SET DEFAULT 'x'"},
		{"an identity column", key, "ALTER TABLE t ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY"},
		{"an identity column", copied, "ALTER TABLE w ADD COLUMN n INTEGER GENERATED BY DEFAULT AS IDENTITY"},
		{"a generated column", key, "ALTER TABLE t ADD COLUMN g INTEGER GENERATED ALWAYS AS (id + 1) STORED"},
		{"a generated column", copied, "ALTER TABLE w ADD COLUMN g INTEGER GENERATED ALWAYS AS (id + 1) STORED"},
		{"a column's storage", key, "ALTER TABLE t ALTER COLUMN long SET STORAGE EXTERNAL"},
		{"a column's storage", copied, "ALTER TABLE w ALTER COLUMN long SET COMPRESSION pglz"},
		{"a column's statistics", key, "ALTER TABLE t ALTER COLUMN v SET STATISTICS 500"},
		{"a column's statistics", copied, "ALTER TABLE w ALTER COLUMN v SET (n_distinct = 5)"},
		{"options", key, "ALTER TABLE t SET (fillfactor = 90)"},
		{"options", copied, "ALTER TABLE w SET (autovacuum_enabled = FALSE)"},
		{"toast options", key, "ALTER TABLE t SET (toast.autovacuum_enabled = FALSE)"},
		{"toast options", copied, "ALTER TABLE w SET (toast.vacuum_truncate = FALSE)"},
		{"a deferrable key", key, "ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (id) DEFERRABLE"},
		{"a constraint", key, "ALTER TABLE t ADD CHECK (id > 0)"},
		{"a constraint", copied, "ALTER TABLE w ADD UNIQUE (id)"},
		{"a constraint", copied, "ALTER TABLE w ADD EXCLUDE (id WITH =)"},
		{"another index", key, "CREATE INDEX t_v ON t (v)"},
		{"an index with properties of its own", key, "ALTER TABLE t CLUSTER ON t_pkey"},
		{"an index with properties of its own", key, "ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (id) " +
			"INCLUDE (v)"},
		{"an index with properties of its own", key, "ALTER INDEX t_pkey SET (fillfactor = 90)"},
		{"an index with properties of its own", copied, "ALTER TABLE w CLUSTER ON w_v"},
		{"an index with properties of its own", copied, "ALTER INDEX w_v ALTER COLUMN 1 SET STATISTICS 500"},
		{"an index with properties of its own", copied, "ALTER INDEX w_v DEPENDS ON EXTENSION plpgsql"},
		{"an index with properties of its own", copied, "UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = " +
			"CAST('w_v' AS regclass)"},
		{"extended statistics", key, "CREATE STATISTICS t_both ON id, v FROM t"},
		{"extended statistics", copied, "ALTER STATISTICS w_both SET STATISTICS 500"},
		{"extended statistics", copied, "CREATE SCHEMA other; ALTER STATISTICS w_both SET SCHEMA other"},
		{"a comment", key, "COMMENT ON TABLE t IS 'x'"},
		{"a comment", key, "COMMENT ON COLUMN t.v IS 'x'"},
		{"a comment", key, "COMMENT ON CONSTRAINT t_pkey ON t IS 'x'"},
		{"a comment", key, "COMMENT ON INDEX t_pkey IS 'x'"},
		{"a comment", key, "COMMENT ON TYPE t IS 'x'"},
		{"a comment", copied, "COMMENT ON INDEX w_v IS 'x'"},
		{"a comment", copied, "COMMENT ON STATISTICS w_both IS 'x'"},
		{"a sequence that a column owns", key, "CREATE SEQUENCE counter OWNED BY t.id"},
		{"a sequence that a column owns", copied, "CREATE SEQUENCE counter OWNED BY w.id; ALTER TABLE w ALTER " +
			"COLUMN id SET DEFAULT nextval('counter')"},
		{"a sequence that a column owns", copied, "ALTER TABLE w ADD COLUMN n SERIAL"},
		{"an object that depends on it", key, "CREATE VIEW seen AS SELECT id FROM t"},
		{"an object that depends on it", key, "CREATE MATERIALIZED VIEW seen AS SELECT id FROM t"},
		{"an object that depends on it", key, "CREATE FUNCTION ids() RETURNS SETOF INTEGER LANGUAGE SQL BEGIN " +
			"ATOMIC SELECT id FROM t; END"},
		{"an object that depends on it", key, "CREATE RULE also AS ON INSERT TO w DO ALSO DELETE FROM t"},
		{"an object that depends on it", key, "ALTER TABLE w ENABLE ROW LEVEL SECURITY; CREATE POLICY known ON w " +
			"USING (EXISTS (SELECT 1 FROM t WHERE t.id = w.id))"},
		{"an object that depends on its row type", key, "CREATE FUNCTION of(one t) RETURNS INTEGER LANGUAGE SQL " +
			"AS 'SELECT one.id'"},
		{"an object that depends on its row type", key, "CREATE FUNCTION all_of() RETURNS SETOF t LANGUAGE SQL AS " +
			"'SELECT * FROM t'"},
		{"an object that depends on its row type", key, "CREATE TABLE holder (one t)"},
		{"an object that depends on its row type", key, "CREATE TABLE holder (several t[])"},
		{"an object that depends on its row type", copied, "CREATE CAST (w AS TEXT) WITH INOUT"},
		{"an extension that it belongs to", key, "ALTER EXTENSION plpgsql ADD TABLE t"},
		{"an extension that it belongs to", copied, "ALTER EXTENSION plpgsql ADD TABLE w"},
	}
	met := map[string]bool{}
	for _, c := range cases {
		tx, err := conn.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(ctx, replaceableTables+c.sql); err != nil {
			t.Errorf("%s: %v", c.sql, err)
		} else {
			table := catalogue.Table{Schema: "public", Name: catalogue.Name(c.table)}
			got, err := catalogue.Obstacle(ctx, tx, table, c.table == copied)
			if err != nil {
				t.Fatalf("%s: %v", c.sql, err)
			}
			if got != c.obstacle {
				t.Errorf("%s: got obstacle %q, want %q", c.sql, got, c.obstacle)
			}
			met[got] = true
			name, byKey, err := catalogue.Replaceable(ctx, tx, table)
			if err != nil {
				t.Fatal(err)
			}
			byCopy, err := catalogue.ReplaceableByCopy(ctx, tx, table)
			if err != nil {
				t.Fatal(err)
			}
			if c.table == key && (byKey != (c.obstacle == "") || byKey && name != "t_pkey") ||
				c.table == copied && byCopy != (c.obstacle == "") {
				t.Errorf("%s: got %t of key %q and %t, want what the obstacle says", c.sql, byKey, name, byCopy)
			}
		}
		if err := tx.Rollback(ctx); err != nil {
			t.Fatal(err)
		}
	}
	var version int
	if err := conn.QueryRow(ctx, "SELECT CAST(current_setting('server_version_num') AS "+
		"integer)").Scan(&version); err != nil {
		t.Fatal(err)
	}
	unmet := slices.DeleteFunc(catalogue.Conditions(), func(name string) bool {
		return met[name] || version < 180000 && name == "a NOT NULL with a name of its "+
			"own" // no object before PostgreSQL 18
	})
	if len(unmet) > 0 {
		t.Errorf("no case for %q", unmet)
	}
}
