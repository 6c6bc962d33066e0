package transform_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/transform"
)

// factShape is all that the catalogue says of f_songplay but its OIDs.
const factShape = `
	SELECT STRING_AGG(line, ', ' ORDER BY line) FROM (
		SELECT 'column ' || attname || ' ' || CONCAT_WS(' ', format_type(atttypid, atttypmod), attnotnull, atthasdef, attstorage, attcollation, attnum) AS line
		FROM pg_attribute WHERE attrelid = 'f_songplay'::regclass AND attnum > 0 AND NOT attisdropped
		UNION ALL SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'f_songplay'::regclass
		UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = 'f_songplay'
		UNION ALL SELECT CONCAT_WS(' ', 'table', relowner, relpersistence, relkind, relacl, nspname)
		FROM pg_class INNER JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE pg_class.oid = 'f_songplay'::regclass
	) AS shape`

const factOID = "SELECT CAST(CAST('f_songplay' AS regclass) AS oid)"

// TestLargeFirstRunHandsOverTheFact: the table that was built takes the place of the empty one, and
// nobody can tell.
func TestLargeFirstRunHandsOverTheFact(t *testing.T) {
	t.Parallel()
	w, s := wide(t)
	shape, oid := w.one(factShape), w.one(factOID)
	result := w.run(s.vars(), parallel)
	if got := w.one(factOID); got == oid {
		t.Errorf("OID of f_songplay: got %s, want another", got)
	}
	if got := w.one(factShape); got != shape {
		t.Errorf("shape: got %s, want %s", got, shape)
	}
	if got := w.writers(); got != "1" {
		t.Errorf("transactions that wrote: got %s, want 1", got)
	}
	if got := result.Transforms[len(result.Transforms)-1].RowsOut; got != 40 {
		t.Errorf("rows out: got %d, want 40", got)
	}
	if got := w.one(
		"SELECT COUNT(*) FROM pg_class WHERE relname LIKE 'dwh_replaced%' OR relname LIKE 'touched%'",
	); got != "0" {
		t.Errorf("left behind: got %s tables, want 0", got)
	}
	w.same()
	inserted, other := wide(t)
	inserted.run(other.vars())
	if got, want := w.everything(t), inserted.everything(t); got != want {
		t.Errorf("got\n%s\nwant what INSERT gives\n%s", got, want)
	}
	s.object("log_data/2.json", star.Staging{Events: []star.Event{play("z", 5)}}, "lines")
	w.run(s.vars())
	w.same()
}

// TestFirstRunKeepsWhatStandsOnTheFact: where anything depends on the table or tells it from a new
// one, its rows are copied into it.
func TestFirstRunKeepsWhatStandsOnTheFact(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"default privileges": "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
		"an owned sequence":  "CREATE SEQUENCE counter OWNED BY f_songplay.session_id",
		"toast options":      "ALTER TABLE f_songplay SET (toast.autovacuum_enabled = FALSE)",
		"a row type's use": "CREATE FUNCTION level_of(play f_songplay) RETURNS TEXT LANGUAGE SQL AS 'SELECT " +
			"play.level'",
		"an event trigger": "CREATE FUNCTION noted() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; " +
			"CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION noted()",
		"a view":               "CREATE VIEW levels AS SELECT level FROM f_songplay",
		"a privilege":          "GRANT SELECT ON f_songplay TO PUBLIC",
		"a column's privilege": "GRANT SELECT (level) ON f_songplay TO PUBLIC",
		"a comment":            "COMMENT ON TABLE f_songplay IS 'plays'",
		"a column's comment":   "COMMENT ON COLUMN f_songplay.level IS 'free or paid'",
		"the key's comment":    "COMMENT ON CONSTRAINT f_songplay_pkey ON f_songplay IS 'one a play'",
		"an index":             "CREATE INDEX f_songplay_user ON f_songplay (user_id)",
		"a check":              "ALTER TABLE f_songplay ADD CHECK (level <> '')",
		"a reference to it":    "CREATE TABLE liked (songplay_id VARCHAR(64) REFERENCES f_songplay)",
		"a reference": "ALTER TABLE f_songplay ADD FOREIGN KEY (user_id) REFERENCES " +
			"d_user DEFERRABLE INITIALLY DEFERRED",
		"a default":           "ALTER TABLE f_songplay ALTER COLUMN level SET DEFAULT 'free'",
		"a statistics target": "ALTER TABLE f_songplay ALTER COLUMN level SET STATISTICS 500",
		"a statistics object": "CREATE STATISTICS kinds ON level, user_id FROM f_songplay",
		"an option":           "ALTER TABLE f_songplay SET (fillfactor = 90)",
		"a trigger": "CREATE FUNCTION nothing() RETURNS TRIGGER LANGUAGE plpgsql AS " +
			"'BEGIN RETURN NEW; END'; CREATE TRIGGER nothing AFTER UPDATE ON f_songplay FOR EACH " +
			"ROW EXECUTE FUNCTION nothing()",
		"a rule": "CREATE RULE keep AS ON DELETE TO f_songplay WHERE OLD.user_id " +
			"= 'nobody' DO INSTEAD NOTHING",
		"a policy": "ALTER TABLE f_songplay ENABLE ROW LEVEL SECURITY; CREATE " +
			"POLICY own ON f_songplay USING (TRUE)",
		"a publication":         "CREATE PUBLICATION plays FOR TABLE f_songplay",
		"a child":               "CREATE TABLE f_songplay_old () INHERITS (f_songplay)",
		"a storage of a column": "ALTER TABLE f_songplay ALTER COLUMN user_agent SET STORAGE EXTERNAL",
		"an identity":           "ALTER TABLE f_songplay REPLICA IDENTITY FULL",
		"a function's use": "CREATE FUNCTION plays() RETURNS SETOF f_songplay LANGUAGE SQL " +
			"STABLE AS 'SELECT * FROM f_songplay'",
		"rows that are gone": "INSERT INTO f_songplay VALUES ('x', '2018-11-01', '2018-11-01', " +
			"'u', NULL, NULL, 'free', 1, NULL, NULL); DELETE FROM f_songplay",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := wide(t)
			w.exec(sql)
			oid := w.one(factOID)
			w.run(s.vars(), parallel)
			if got := w.one(factOID); got != oid {
				t.Errorf("OID of f_songplay: got %s, want %s", got, oid)
			}
			if got := w.one("SELECT COUNT(*) FROM f_songplay"); got != "40" {
				t.Errorf("plays: got %s, want 40", got)
			}
			w.same()
		})
	}
}

// TestFirstRunWaitsForNoReader: a reader who holds on to the empty table goes on seeing its own
// snapshot, and the run ends all the same.
func TestFirstRunWaitsForNoReader(t *testing.T) {
	t.Parallel()
	for _, hold := range []bool{true, false} {
		t.Run(fmt.Sprint("holding ", hold), func(t *testing.T) {
			t.Parallel()
			w, s := wide(t)
			oid := w.one(factOID)
			conn, err := pgx.Connect(t.Context(), w.dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
			reader, err := conn.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
			if err != nil {
				t.Fatal(err)
			}
			plays := func() (n int) {
				t.Helper()
				if err := reader.QueryRow(t.Context(), "SELECT COUNT(*) FROM f_songplay").Scan(&n); err != nil {
					t.Fatal(err)
				}
				return n
			}
			if hold {
				plays()
			} else if _, err := reader.Exec(t.Context(), "SELECT COUNT(*) FROM d_user"); err != nil {
				// the snapshot without the table
				t.Fatal(err)
			}
			w.run(s.vars(), parallel)
			if got := plays(); got != 0 {
				t.Errorf("plays in the reader's snapshot: got %d, want 0", got)
			}
			if err := reader.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := w.one(factOID); (got == oid) != hold {
				t.Errorf("OID of f_songplay: got %s, had %s", got, oid)
			}
			w.same()
		})
	}
}

// TestFirstRunDropsNobodysRows: rows that somebody else has put into the fact meanwhile, which the
// run's snapshot does not show, stay.
func TestFirstRunDropsNobodysRows(t *testing.T) {
	t.Parallel()
	w, s := wide(t)
	oid := w.one(factOID)
	w.run(s.vars(), parallel, func(o *transform.Options) {
		o.Failpoint = func(name string) {
			if name == "first.checked" {
				w.exec(mine)
			}
		}
	})
	if got := w.one(factOID) + " " + w.one(
		"SELECT COUNT(*) FROM f_songplay WHERE songplay_id = 'mine'",
	); got != oid+" 1" {
		t.Errorf("got %s, want %s 1", got, oid)
	}
}

// TestHandingOverNeedsTheOwner: a role that may write to the fact, but to whom it does not belong,
// copies the rows.
func TestHandingOverNeedsTheOwner(t *testing.T) {
	t.Parallel()
	w, s := wide(t)
	role := "loader_" + w.one("SELECT oid FROM pg_database WHERE datname = CURRENT_DATABASE()")
	w.exec(
		"CREATE ROLE " + role + "; GRANT ALL ON DATABASE " + w.one(
			"SELECT quote_ident(current_database())",
		) + " TO " + role + "; GRANT ALL ON SCHEMA public TO " + role,
	)
	defer w.exec("REASSIGN OWNED BY " + role + " TO CURRENT_USER; DROP OWNED BY " + role + "; DROP ROLE " + role)
	for _, row := range w.rows(
		"SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'f_songplay'",
	) {
		w.exec("ALTER TABLE " + row[0] + " OWNER TO " + role)
	}
	w.exec("GRANT ALL ON f_songplay TO " + role)
	oid := w.one(factOID)
	config := w.pool.Config()
	config.ConnConfig.RuntimeParams["role"] = role
	limited, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer limited.Close()
	result := w.run(s.vars(), parallel, func(o *transform.Options) { o.Pool = limited })
	if got := w.one(factOID); got != oid || result.Flagged != 49 {
		t.Errorf("OID of f_songplay: got %s and %d rows flagged, want %s and 49", got, result.Flagged, oid)
	}
	w.same()
}

// TestFirstRunKeepsWhatComesMeanwhile: what somebody gives the empty fact while it is built beside
// it, which the run's snapshot does not show, stays.
func TestFirstRunKeepsWhatComesMeanwhile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ give, kept string }{
		"a privilege": {"GRANT SELECT ON f_songplay TO PUBLIC", "SELECT COUNT(*) FROM pg_class WHERE oid = " +
			"'f_songplay'::regclass AND relacl IS NOT NULL"},
		"a comment": {"COMMENT ON TABLE f_songplay IS 'plays'", "SELECT COUNT(*) FROM pg_description WHERE " +
			"objoid = 'f_songplay'::regclass"},
		"a sequence": {"CREATE SEQUENCE counter OWNED BY f_songplay.session_id", "SELECT COUNT(*) FROM pg_class " +
			"WHERE relname = 'counter'"},
		"options": {"ALTER TABLE f_songplay SET (toast.autovacuum_enabled = FALSE)", "SELECT COUNT(*) FROM " +
			"pg_class AS c INNER JOIN pg_class AS t ON t.oid = c.reltoastrelid WHERE c.oid = " +
			"'f_songplay'::regclass AND t.reloptions IS NOT NULL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := wide(t)
			oid := w.one(factOID)
			w.run(s.vars(), parallel, func(o *transform.Options) {
				o.Failpoint = func(name string) {
					if name == "first.checked" {
						w.exec(c.give)
					}
				}
			})
			if got := w.one(factOID) + " " + w.one(c.kept); got != oid+" 1" {
				t.Errorf("got %s, want %s 1", got, oid)
			}
			w.same()
		})
	}
}
