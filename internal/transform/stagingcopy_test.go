package transform_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

const (
	eventOID = "SELECT CAST(CAST('s_songplay_event' AS regclass) AS oid)"
	songOID  = "SELECT CAST(CAST('s_song' AS regclass) AS oid)"
)

// stagingShape is all that the catalogue says of s_songplay_event but its OIDs and its indexes,
// which come with a first run.
var stagingShape = strings.ReplaceAll(`
	SELECT STRING_AGG(line, ', ' ORDER BY line) FROM (
		SELECT 'column ' || attname || ' ' || CONCAT_WS(' ', format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid), attstorage, attcollation, attnum) AS line
		FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE attrelid = 'X'::regclass AND attnum > 0 AND NOT attisdropped
		UNION ALL SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'X'::regclass
		UNION ALL SELECT 'statistics ' || CONCAT_WS(' ', pg_get_statisticsobjdef(oid), stxowner, stxstattarget) FROM pg_statistic_ext WHERE stxrelid = 'X'::regclass
		UNION ALL SELECT CONCAT_WS(' ', 'table', relowner, relpersistence, relkind, relacl, nspname)
		FROM pg_class INNER JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE pg_class.oid = 'X'::regclass
	) AS shape`, "X", "s_songplay_event")

// leftBehind counts what only a run's transaction may hold.
const leftBehind = `SELECT COUNT(*) FROM pg_class WHERE relname LIKE 'dwh_replaced%' OR relname ` +
	`LIKE 'loaded%' OR relname LIKE 'touched%'`

// TestLargeFirstRunHandsOverStaging: the table that was loaded takes the place of the empty one,
// its indexes built, and nobody can tell.
func TestLargeFirstRunHandsOverStaging(t *testing.T) {
	t.Parallel()
	w, s := wide(t)
	shape, oid := w.one(stagingShape), w.one(eventOID)
	w.run(s.vars(), parallel)
	if got := w.one(eventOID); got == oid {
		t.Errorf("OID of s_songplay_event: got %s, want another", got)
	}
	if got := w.one(stagingShape); got != shape {
		t.Errorf("shape: got %s, want %s", got, shape)
	}
	if got := w.one(
		"SELECT COUNT(*) FROM pg_indexes WHERE schemaname = 'public' AND tablename = 's_songplay_event'",
	); got != "4" {
		t.Errorf("indexes: got %s, want 4", got)
	}
	if got := w.one("SELECT COUNT(*) FROM s_songplay_event WHERE NOT processed"); got != "0" {
		t.Errorf("unprocessed events: got %s, want 0", got)
	}
	if got := w.writers(); got != "1" {
		t.Errorf("transactions that wrote: got %s, want 1", got)
	}
	if got := w.one(leftBehind); got != "0" {
		t.Errorf("left behind: got %s tables, want 0", got)
	}
	w.same()
	other, same := wide(t)
	other.run(same.vars())
	if got, want := w.one(eventsText), other.one(eventsText); got != want {
		t.Errorf("got\n%s\nwant what COPY into the table itself gives\n%s", got, want)
	}
	s.object("log_data/2.json", star.Staging{Events: []star.Event{play("z", 5)}}, "lines")
	w.run(s.vars())
	w.same()
}

// eventsText is every staged event as text, in byte order.
const eventsText = `SELECT STRING_AGG(line, chr(10) ORDER BY line COLLATE "C") FROM (SELECT ` +
	`CAST(ROW(event.*) AS text) AS line FROM s_songplay_event AS event) AS listed`

// TestLargeLoadGoesAside: a load alone into an empty table is one transaction, and its table takes
// the place of the empty one; the rows wait for a run.
func TestLargeLoadGoesAside(t *testing.T) {
	t.Parallel()
	w, s := wide(t)
	for i := range 5 {
		s.object(
			fmt.Sprintf("log_data/more/%d.json", i),
			star.Staging{Events: []star.Event{play("m", int64(i))}}, "lines",
		)
	}
	shape, oid := w.one(stagingShape), w.one(eventOID)
	result, err := w.runner(s.vars(), parallel).Run(t.Context(), "test", []string{"020"})
	if err != nil {
		t.Fatal(err)
	}
	if got := result.Loads[0]; got.Rows != 52 || got.Objects != 6 {
		t.Errorf("got %d rows of %d objects, want 52 of 6", got.Rows, got.Objects)
	}
	if got := w.one(eventOID); got == oid {
		t.Errorf("OID of s_songplay_event: got %s, want another", got)
	}
	if got := w.one(stagingShape); got != shape {
		t.Errorf("shape: got %s, want %s", got, shape)
	}
	if got := w.one(
		"SELECT COUNT(*) FILTER (WHERE processed) || ' ' || COUNT(*) FROM s_songplay_event",
	); got != "0 52" {
		t.Errorf("processed and staged events: got %s, want 0 52", got)
	}
	if got := w.one(
		"SELECT COUNT(*) || ' ' || SUM(rows) || ' ' || COUNT(DISTINCT CAST(xmin AS text)) FROM s_object",
	); got != "6 52 1" {
		t.Errorf("ledger: got %s objects, rows and transactions, want 6 52 1", got)
	}
	if got := w.one(leftBehind); got != "0" {
		t.Errorf("left behind: got %s tables, want 0", got)
	}
	// A filled table is loaded into itself.
	oid = w.one(eventOID)
	s.object("log_data/2.json", star.Staging{Events: []star.Event{play("z", 5)}}, "lines")
	if _, err := w.runner(s.vars(), parallel).Run(t.Context(), "test", []string{"020"}); err != nil {
		t.Fatal(err)
	}
	if got := w.one(eventOID); got != oid {
		t.Errorf("OID of s_songplay_event: got %s, want %s", got, oid)
	}
	w.run(s.vars(), parallel)
	w.same()
}

// TestLoadKeepsWhatStandsOnStaging: where anything depends on the table or tells it from a new one,
// it is loaded itself.
func TestLoadKeepsWhatStandsOnStaging(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"default privileges":      "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
		"an owned sequence":       "CREATE SEQUENCE counter OWNED BY s_songplay_event.session_id",
		"toast options":           "ALTER TABLE s_songplay_event SET (toast.autovacuum_enabled = FALSE)",
		"a view":                  "CREATE VIEW pages AS SELECT page FROM s_songplay_event",
		"a privilege":             "GRANT SELECT ON s_songplay_event TO PUBLIC",
		"a comment":               "COMMENT ON COLUMN s_songplay_event.level IS 'free or paid'",
		"a comment on statistics": "COMMENT ON STATISTICS s_songplay_event_page_statistics IS 'pages'",
		"statistics elsewhere": "CREATE SCHEMA other; ALTER STATISTICS " +
			"s_songplay_event_page_statistics SET SCHEMA other",
		"a statistics target": "ALTER STATISTICS s_songplay_event_page_statistics SET STATISTICS 500",
		"a comment on an index": "CREATE INDEX s_songplay_event_user ON s_songplay_event " +
			"(user_id); COMMENT ON INDEX s_songplay_event_user IS 'users'",
		"a target of an index": "CREATE INDEX s_songplay_event_user ON s_songplay_event " +
			"(LOWER(user_id)); ALTER INDEX s_songplay_event_user ALTER COLUMN 1 SET STATISTICS 500",
		"a clustered index": "CREATE INDEX s_songplay_event_user ON s_songplay_event " +
			"(user_id); ALTER TABLE s_songplay_event CLUSTER ON s_songplay_event_user",
		"an index half built": "CREATE INDEX s_songplay_event_user ON s_songplay_event " +
			"(user_id); UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 's_songplay_event_user'::regclass",
		"an index of an extension": "CREATE INDEX s_songplay_event_user ON s_songplay_event " +
			"(user_id); ALTER INDEX s_songplay_event_user DEPENDS ON EXTENSION plpgsql",
		"a key": "ALTER TABLE s_songplay_event ADD COLUMN number BIGINT " +
			"GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
		"a check": "ALTER TABLE s_songplay_event ADD CHECK (level <> 'none')",
		"a trigger": "CREATE FUNCTION nothing() RETURNS TRIGGER LANGUAGE " +
			"plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER nothing AFTER UPDATE ON " +
			"s_songplay_event FOR EACH ROW EXECUTE FUNCTION nothing()",
		"a policy": "ALTER TABLE s_songplay_event ENABLE ROW LEVEL SECURITY; " +
			"CREATE POLICY own ON s_songplay_event USING (TRUE)",
		"a publication": "CREATE PUBLICATION events FOR TABLE s_songplay_event WITH (publish = 'insert')",
		"a publication of the schema": "CREATE PUBLICATION events FOR TABLES IN SCHEMA public " +
			"WITH (publish = 'insert')",
		"a publication of everything": "CREATE PUBLICATION events FOR ALL TABLES WITH (publish = 'insert')",
		"rows that are gone": "INSERT INTO s_songplay_event (page) VALUES ('Home'); " +
			"DELETE FROM s_songplay_event",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, only := range [][]string{nil, {"020"}} {
				w, s := wide(t)
				w.exec(sql)
				oid := w.one(eventOID)
				if _, err := w.runner(s.vars(), parallel).Run(t.Context(), "test", only); err != nil {
					t.Fatal(err)
				}
				if got := w.one(eventOID); got != oid {
					t.Errorf("only %v: OID of s_songplay_event: got %s, want %s", only, got, oid)
				}
				if got := w.one("SELECT COUNT(*) FROM s_songplay_event"); got != "47" {
					t.Errorf("only %v: events: got %s, want 47", only, got)
				}
				w.run(s.vars())
				w.same()
			}
		})
	}
}

// TestStagingCopyHasTheIndexes: the table that takes the place of the empty one has its indexes,
// whatever they are.
func TestStagingCopyHasTheIndexes(t *testing.T) {
	t.Parallel()
	const definitions = `SELECT STRING_AGG(indexdef, chr(10) ORDER BY indexname COLLATE "C") ` +
		`FROM pg_indexes WHERE tablename IN ('s_song', 's_songplay_event') AND indexname NOT IN ` +
		`('s_songplay_event_new', 's_songplay_event_songplay', 's_songplay_event_song', 's_songplay_event_user')`
	for _, only := range [][]string{nil, {"010", "020"}} {
		w, s := wide(t)
		w.exec(`
			CREATE FUNCTION shorter(VARCHAR) RETURNS TEXT IMMUTABLE LANGUAGE sql AS 'SELECT LEFT($1, 3)';
			CREATE INDEX "of ""quoted"" name" ON s_songplay_event (user_id COLLATE "POSIX" DESC NULLS LAST, page varchar_pattern_ops) WHERE level <> ' ON public.s_songplay_event ';
			CREATE INDEX plain ON s_songplay_event USING hash (page);
			CREATE INDEX filled ON s_songplay_event (shorter(page)) INCLUDE (song, artist) WITH (fillfactor = 70, deduplicate_items = off);
			CREATE UNIQUE INDEX once ON s_song (song_id, artist_id, title, duration) NULLS NOT DISTINCT`)
		before, events, songs := w.one(definitions), w.one(eventOID), w.one(songOID)
		if _, err := w.runner(s.vars(), parallel).Run(t.Context(), "test", only); err != nil {
			t.Fatal(err)
		}
		if w.one(eventOID) == events || w.one(songOID) == songs {
			t.Errorf("only %v: a table was loaded itself", only)
		}
		if got := w.one(definitions); got != before {
			t.Errorf("only %v: got\n%s\nwant\n%s", only, got, before)
		}
		if got := w.one(
			"SELECT COUNT(*) FROM pg_index WHERE indrelid IN ('s_song'::regclass, " +
				"'s_songplay_event'::regclass) AND NOT indisvalid",
		); got != "0" {
			t.Errorf("only %v: invalid indexes: got %s, want 0", only, got)
		}
		// Of what an index computes, ANALYZE keeps statistics once it is there.
		if got := w.one(
			"SELECT COUNT(*) FROM pg_stats WHERE tablename IN ('s_song_key', 's_song_artist', 's_song_name', 'filled')",
		); got != "5" {
			t.Errorf("only %v: statistics of indexes: got %s, want 5", only, got)
		}
		w.run(s.vars())
		w.same()
	}
}

// meanwhile has somebody else do something when a run comes to a failpoint for the first time.
func (w *warehouse) meanwhile(at, sql string) func(*transform.Options) {
	return func(o *transform.Options) {
		var once sync.Once
		o.Failpoint = func(name string) {
			if name == at {
				once.Do(func() { w.exec(sql) })
			}
		}
	}
}

// TestStagingCopyLosesNoIndex: an index that somebody gives an empty table while its rows stand
// beside it stays. One that is there cannot be dropped meanwhile.
func TestStagingCopyLosesNoIndex(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		only   []string
		at, on string
	}{
		{nil, "load.copied", "s_song"}, {nil, "first.checked", "s_songplay_event"},
		{nil, "first.checked", "f_songplay"}, {[]string{"020"}, "load.copied", "s_songplay_event"},
	} {
		t.Run(c.at+" "+c.on, func(t *testing.T) {
			t.Parallel()
			w, s := wide(t)
			find := "SELECT CAST(CAST('" + c.on + "' AS regclass) AS oid)"
			oid := w.one(find)
			if _, err := w.runner(
				s.vars(), parallel, w.meanwhile(c.at, "CREATE INDEX mine ON "+c.on+" ((1))"),
			).Run(t.Context(), "test", c.only); err != nil {
				t.Fatal(err)
			}
			if got := w.one(
				"SELECT COUNT(*) FROM pg_indexes WHERE indexname = 'mine'",
			); got != "1" || w.one(find) != oid {
				t.Errorf("got %s indexes, want 1, of the same table", got)
			}
			if strings.HasPrefix(c.on, "s_") {
				if got, want := w.one(
					"SELECT reltuples FROM pg_class WHERE oid = '"+c.on+"'::regclass",
				), w.one("SELECT COUNT(*) FROM "+c.on); got != want {
					t.Errorf("the planner knows of %s rows, want %s", got, want)
				}
			}
			w.run(s.vars())
			w.same()
		})
	}
}

// TestStagingCopyBreaksNoIndex: rows that a unique index does not take are refused, and nothing is
// left.
func TestStagingCopyBreaksNoIndex(t *testing.T) {
	t.Parallel()
	w, s := wide(t)
	w.exec("CREATE UNIQUE INDEX one ON s_songplay_event (page)")
	_, err := w.runner(s.vars(), parallel).Run(t.Context(), "test", nil)
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != "23505" || refused.ConstraintName != "one" {
		t.Errorf("got %v, want unique_violation of the index", err)
	}
	if got := w.one("SELECT COUNT(*) FROM s_songplay_event") + " " + w.one(leftBehind); got != "0 0" {
		t.Errorf("events and tables left: got %s, want 0 0", got)
	}
}

// TestLoadAsideFallsBack: what cannot be loaded as a whole is loaded batch by batch, so that good
// batches stay, and is said once.
func TestLoadAsideFallsBack(t *testing.T) {
	t.Parallel()
	w, s := wide(t)
	s.write("log_data/0.json", strings.Repeat("{\"ts\": \"soon\"}\n", 1000))
	var notes []string
	watching := func(o *transform.Options) {
		o.ParallelRows = 1
		o.Observer = func(e progress.Event) {
			if e.Kind == progress.Note && strings.HasPrefix(e.Text, "loading again") {
				notes = append(notes, e.Text)
			}
		}
	}
	oid := w.one(eventOID)
	for _, only := range [][]string{nil, {"020"}} {
		notes = nil
		if _, err := w.runner(s.vars(), watching).Run(t.Context(), "test", only); err == nil {
			t.Fatalf("only %v: got no error", only)
		}
		if len(notes) != 1 {
			t.Errorf("only %v: got %q, want one note", only, notes)
		}
		if got := w.one(eventOID) + " " + w.one(
			"SELECT COUNT(*) FROM s_songplay_event",
		) + " " + w.one(leftBehind); got != oid+" 0 0" {
			t.Errorf("only %v: got %s, want %s 0 0", only, got, oid)
		}
	}
	if got := w.one("SELECT COUNT(*) FROM s_reject"); got == "0" {
		t.Error("no reject was kept")
	}
}

// TestLargeLoadIntoNoTable: that the table is not there is said with the place of the statement.
func TestLargeLoadIntoNoTable(t *testing.T) {
	t.Parallel()
	w, s := wide(t)
	own, err := transform.Steps(
		fstest.MapFS{
			"050_s_visit.sql": {
				Data: []byte(
					"-- s_visit: one row per event.\n-- writes: s_visit\nCOPY s_visit (page) " +
						"FROM :'log_data' FORMAT AS JSON 'auto';\n",
				),
			},
		},
		"transforms", sqlfile.Postgres,
	)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.runner(
		s.vars(), parallel, func(o *transform.Options) { o.Steps = append(o.Steps, own...) },
	).Run(t.Context(), "test", []string{"050"})
	var placed *sqlfile.Error
	if !errors.As(err, &placed) || !strings.Contains(err.Error(), "050_s_visit.sql:3:6: table s_visit does not exist") {
		t.Errorf("got %v, want an error with its place", err)
	}
}

// TestLoadAsideWaitsForNoReader: a reader who holds on to the empty table goes on seeing its own
// snapshot, and the rows are copied into the table.
func TestLoadAsideWaitsForNoReader(t *testing.T) {
	t.Parallel()
	for _, only := range [][]string{nil, {"020"}} {
		for _, held := range []string{"s_songplay_event", "f_songplay", ""} {
			t.Run(fmt.Sprintf("only %v holding %q", only, held), func(t *testing.T) {
				t.Parallel()
				w, s := wide(t)
				before := map[string]string{"s_songplay_event": w.one(eventOID), "f_songplay": w.one(factOID)}
				conn, err := pgx.Connect(t.Context(), w.dsn)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
				reader, err := conn.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
				if err != nil {
					t.Fatal(err)
				}
				count := func(table string) (n int) {
					t.Helper()
					if err := reader.QueryRow(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil {
						t.Fatal(err)
					}
					return n
				}
				if held == "" {
					count("d_user") // the snapshot without the tables
				} else {
					count(held)
				}
				if _, err := w.runner(s.vars(), parallel).Run(t.Context(), "test", only); err != nil {
					t.Fatal(err)
				}
				// A snapshot from before the commit shows none of the rows, whichever table holds
				// them.
				if events, plays := count("s_songplay_event"), count("f_songplay"); events != 0 || plays != 0 {
					t.Errorf("the reader's snapshot: got %d events and %d plays, want none", events, plays)
				}
				if err := reader.Rollback(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := w.one(eventOID); (got == before["s_songplay_event"]) != (held == "s_songplay_event") {
					t.Errorf("OID of s_songplay_event: got %s, had %s", got, before["s_songplay_event"])
				}
				if got := w.one(factOID); only == nil && (got == before["f_songplay"]) != (held == "f_songplay") {
					t.Errorf("OID of f_songplay: got %s, had %s", got, before["f_songplay"])
				}
				if got := w.one("SELECT COUNT(*) FROM s_songplay_event"); got != "47" {
					t.Errorf("events: got %s, want 47", got)
				}
				w.run(s.vars())
				w.same()
				if got := w.one("SELECT COUNT(*) FROM pg_indexes WHERE tablename = 's_songplay_event'"); got != "4" {
					t.Errorf("indexes: got %s, want 4", got)
				}
			})
		}
	}
}

// TestLoadAsideDropsNobodysRows: rows that somebody else has put into the empty table meanwhile
// stay.
func TestLoadAsideDropsNobodysRows(t *testing.T) {
	t.Parallel()
	w, s := wide(t)
	oid := w.one(eventOID)
	if _, err := w.runner(
		s.vars(), parallel,
		w.meanwhile("load.copied", "INSERT INTO s_songplay_event (page) VALUES ('Mine')"),
	).Run(t.Context(), "test", []string{"020"}); err != nil {
		t.Fatal(err)
	}
	if got := w.one(eventOID) + " " + w.one(
		"SELECT COUNT(*) FILTER (WHERE page = 'Mine') || ' ' || COUNT(*) FROM s_songplay_event",
	); got != oid+" 1 48" {
		t.Errorf("got %s, want %s 1 48", got, oid)
	}
}

// TestFirstRunMakesTheFullCheck: with FullCheck the checks that warn are made in the first run's
// transaction, and CheckAfter adds none.
func TestFirstRunMakesTheFullCheck(t *testing.T) {
	t.Parallel()
	for i, full := range []bool{true, false, true, false} {
		w, s := wide(t)
		var keyless int64
		if i > 1 {
			keyless = 1
			s.object(
				"log_data/keyless.json",
				star.Staging{
					Events: []star.Event{
						{
							Page: text("NextSong"), UserID: text(" "), Session: integer(1),
							Item: integer(0), TS: integer(1541106106796),
						},
					},
				},
				"lines",
			)
		}
		runner := w.runner(s.vars(), parallel, func(o *transform.Options) { o.FullCheck = full })
		result, err := runner.Run(t.Context(), "test", nil)
		if err != nil {
			t.Fatal(err)
		}
		kept := w.one("SELECT COUNT(*) FROM dwh_check")
		results, err := runner.CheckAfter(t.Context(), &result)
		if err != nil {
			t.Fatal(err)
		}
		counted, err := runner.CountsAfter(t.Context(), result)
		if err != nil {
			t.Fatal(err)
		}
		if there, err := runner.Counts(t.Context()); err != nil || !slices.Equal(counted, there) {
			t.Errorf("full %t: got counts %v, want %v (%v)", full, counted, there, err)
		}
		var names []string
		for _, r := range results {
			names = append(names, r.Check.Name)
			if r.Check.Name == "events-without-key" && r.Violations != keyless {
				t.Errorf("full %t: events-without-key: got %d violations, want %d", full, r.Violations, keyless)
			}
		}
		var want []string
		for _, check := range runner.Checks {
			want = append(want, check.Name)
		}
		if !slices.Equal(names, want) {
			t.Errorf("full %t: got checks %v, want %v", full, names, want)
		}
		if got := w.one(
			"SELECT COUNT(*) - COUNT(DISTINCT name) || ' ' || COUNT(*) FROM dwh_check",
		); got != fmt.Sprintf("0 %d", len(want)) {
			t.Errorf("full %t: results kept twice and in all: got %s, want 0 %d", full, got, len(want))
		}
		if all := fmt.Sprint(len(want)); (kept == all) != full {
			t.Errorf("full %t: kept by the run itself: got %s of %s", full, kept, all)
		}
	}
}
