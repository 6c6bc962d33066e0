package redshift_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/warehouse"
	"github.com/sparkify/dwh/internal/writelock"
)

// A question is one that nobody could answer without a cluster. The live test asks it there; here
// the stand-in answers, so that the question itself is known to be well put.
type question struct {
	text string
	// needed is the answer that dwh depends on; "" where it copes with any.
	needed string
	// standIn is what the stand-in answers.
	standIn string
	ask     func(a *asker) (string, error)
}

// asker asks on a warehouse in which the tables probe_a (1, 'x'), (2, 'y'), (3, NULL) and probe_b
// (2, 'y') stand.
type asker struct {
	t     *testing.T
	w     *warehouse.Warehouse
	conn  *pgx.Conn
	other *pgx.Conn
}

// value is the only value of a query as text; an error of the server is the answer "refused: …".
func (a *asker) value(sql string) (string, error) {
	results, err := a.conn.PgConn().Exec(a.t.Context(), sql).ReadAll()
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return "refused", nil
	}
	if err != nil {
		return "", err
	}
	return string(results[0].Rows[0][0]), nil
}

// accepts says whether the server takes a query.
func (a *asker) accepts(sql string) (string, error) {
	got, err := a.value(sql)
	if err == nil && got != "refused" {
		got = "taken"
	}
	return got, err
}

func (a *asker) run(conn *pgx.Conn, statements ...string) error {
	for _, sql := range statements {
		if _, err := conn.Exec(a.t.Context(), sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

var questions = []question{
	{
		"EXISTS under OR: rows found", "2", "2",
		func(a *asker) (string, error) {
			return a.value(
				"SELECT COUNT(*) FROM probe_a AS a WHERE a.v = 'x' OR EXISTS (SELECT 1 FROM probe_b AS b WHERE " +
					"b.id = a.id)",
			)
		},
	},
	{
		"NOT EXISTS under OR: rows found", "2", "2",
		func(a *asker) (string, error) {
			return a.value(
				"SELECT COUNT(*) FROM probe_a AS a WHERE a.v IS NULL OR NOT EXISTS (SELECT 1 FROM probe_b AS b " +
					"WHERE b.id = a.id)",
			)
		},
	},
	{
		"scalar subqueries in a SELECT without FROM", "taken", "taken",
		func(a *asker) (string, error) {
			return a.accepts("SELECT (SELECT COUNT(*) FROM probe_a) AS a, (SELECT COUNT(*) FROM probe_b) AS b")
		},
	},
	{
		"SELECT EXISTS without FROM", "taken", "taken",
		func(a *asker) (string, error) { return a.accepts("SELECT EXISTS (SELECT 1 FROM probe_a)") },
	},
	{
		"= ANY over a subquery: rows found", "1", "1",
		func(a *asker) (string, error) {
			return a.value("SELECT COUNT(*) FROM probe_a AS a WHERE a.id = ANY (SELECT b.id FROM probe_b AS b)")
		},
	},
	{
		"a CTE with the name of a table that it reads: rows of the CTE", "1", "1",
		func(a *asker) (string, error) {
			return a.value(
				"WITH probe_a AS (SELECT inside.id FROM public.probe_a AS inside WHERE inside.v = 'x') SELECT " +
					"COUNT(*) FROM probe_a",
			)
		},
	},
	{
		"a CTE that reads the table of its own name unqualified: rows of the CTE", "", "1",
		func(a *asker) (string, error) {
			return a.value(
				"WITH probe_a AS (SELECT inside.id FROM probe_a AS inside WHERE inside.v = 'x') SELECT COUNT(*) " +
					"FROM probe_a",
			)
		},
	},
	{
		"the first schema of the search_path gives a name its meaning: rows of the table there", "0", "0",
		func(a *asker) (string, error) {
			if err := a.run(a.conn, "CREATE SCHEMA probe_s", "CREATE TABLE probe_s.probe_a (id INTEGER, v "+
				"VARCHAR(10))", "SET search_path TO probe_s, public"); err != nil {
				return "", err
			}
			return a.value("SELECT COUNT(*) FROM probe_a")
		},
	},
	{
		"a view keeps the tables that it was made over, whatever the search_path: its rows", "3", "3",
		func(a *asker) (string, error) {
			if err := a.run(a.conn, "SET search_path TO public", "CREATE VIEW probe_v AS SELECT seen.id FROM "+
				"probe_a AS seen", "SET search_path TO probe_s, public"); err != nil {
				return "", err
			}
			got, err := a.value("SELECT COUNT(*) FROM public.probe_v")
			return got, errors.Join(err, a.run(a.conn, "SET search_path TO public"))
		},
	},
	{
		"SHOW statement_timeout of ten seconds", "10000", "10000",
		func(a *asker) (string, error) {
			if err := a.run(a.conn, "SET statement_timeout TO 10000"); err != nil {
				return "", err
			}
			return a.value("SHOW statement_timeout")
		},
	},
	{
		"SET LOCAL ends with the transaction: statement_timeout after it", "10000", "10000",
		func(a *asker) (string, error) {
			if err := a.run(a.conn, "BEGIN", "SET LOCAL statement_timeout TO 20000", "ROLLBACK"); err != nil {
				return "", err
			}
			return a.value("SHOW statement_timeout")
		},
	},
	{
		"a RESET is undone by a rollback: statement_timeout after it", "", "10000",
		func(a *asker) (string, error) {
			if err := a.run(a.conn, "BEGIN", "RESET statement_timeout", "ROLLBACK"); err != nil {
				return "", err
			}
			got, err := a.value("SHOW statement_timeout")
			return got, errors.Join(err, a.run(a.conn, "RESET statement_timeout"))
		},
	},
	{"the wait of a LOCK counts for statement_timeout", "yes", "yes", (*asker).lockWait},
	{
		"svv_transactions shows who waits for whom",
		"table probe_a, its holder",
		"table probe_a, its holder",
		(*asker).waits,
	},
	{
		"keys from pg_constraint", "v, id", "v, id",
		func(a *asker) (string, error) {
			if err := a.run(a.conn, "CREATE TABLE probe_k (id INTEGER, n INTEGER, v VARCHAR(10), PRIMARY KEY (v, "+
				"id))"); err != nil {
				return "", err
			}
			tables, err := catalogue.Read(a.t.Context(), a.conn, sqlfile.Redshift, "public")
			if err != nil {
				return "", err
			}
			var names []string
			for _, name := range tables["probe_k"].Key {
				names = append(names, string(name))
			}
			return strings.Join(names, ", "), nil
		},
	},
	{
		"CURRENT_SCHEMA() beside a table", "", "refused",
		func(a *asker) (string, error) { return a.accepts("SELECT CURRENT_SCHEMA(), id FROM probe_a") },
	},
	{
		"VERSION() beside a table", "", "taken",
		func(a *asker) (string, error) { return a.accepts("SELECT VERSION(), id FROM probe_a") },
	},
	{
		"a reference that skips a query block", "", "refused",
		func(a *asker) (string, error) {
			return a.accepts(
				"SELECT a.id FROM probe_a AS a WHERE NOT EXISTS (SELECT 1 FROM probe_b AS b WHERE NOT EXISTS " +
					"(SELECT 1 FROM probe_b AS c WHERE c.id = a.id))",
			)
		},
	},
	{
		"a correlated subquery in the ON of an outer join", "", "refused",
		func(a *asker) (string, error) {
			return a.accepts(
				"SELECT a.id FROM probe_a AS a LEFT JOIN probe_b AS b ON b.id = (SELECT MAX(c.id) FROM probe_b AS " +
					"c WHERE c.v = a.v)",
			)
		},
	},
}

// lockWait locks a table, and waits for it on another connection.
func (a *asker) lockWait() (string, error) {
	if err := a.run(a.other, "BEGIN", "LOCK TABLE probe_a"); err != nil {
		return "", err
	}
	if err := a.run(a.conn, "BEGIN", "SET LOCAL statement_timeout TO 2000"); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(a.t.Context(), 30*time.Second)
	defer cancel()
	_, err := a.conn.PgConn().Exec(ctx, "LOCK TABLE probe_a").ReadAll()
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == "57014" {
		return "yes", errors.Join(a.run(a.conn, "ROLLBACK"), a.run(a.other, "ROLLBACK"))
	}
	if ctx.Err() != nil {
		return "no, or not within 30 s", a.run(a.other, "ROLLBACK")
	}
	return "no", errors.Join(err, a.run(a.conn, "ROLLBACK"), a.run(a.other, "ROLLBACK"))
}

// waits asks what a session that waits for a lock waits for.
func (a *asker) waits() (string, error) {
	if err := a.run(a.other, "BEGIN", "LOCK TABLE probe_a"); err != nil {
		return "", err
	}
	if err := a.run(a.conn, "BEGIN"); err != nil {
		return "", err
	}
	waiting, holding := &writelock.Sessions{}, int64(0)
	for conn, take := range map[*pgx.Conn]func(int64){
		a.conn:  func(pid int64) { waiting.Add(pid, a.conn.PgConn().CleanupDone()) },
		a.other: func(pid int64) { holding = pid },
	} {
		var pid int64
		if err := conn.QueryRow(a.t.Context(), "SELECT CAST(pg_backend_pid() AS BIGINT)").Scan(&pid); err != nil {
			return "", err
		}
		take(pid)
	}
	locked := make(chan error, 1)
	go func() {
		_, err := a.conn.Exec(context.WithoutCancel(a.t.Context()), "LOCK TABLE probe_a")
		locked <- err
	}()
	answer := "nothing within 20 s"
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		found, err := writelock.Waits(a.t.Context(), a.w.Pool(), sqlfile.Redshift, waiting)
		if err != nil {
			answer = err.Error()
			break
		}
		if len(found) > 0 {
			answer = found[0].Object + ", no holder"
			if slices.ContainsFunc(found, func(w writelock.Wait) bool { return w.Holder.PID == holding }) {
				answer = found[0].Object + ", its holder"
			}
			break
		}
	}
	return answer, errors.Join(a.run(a.other, "ROLLBACK"), <-locked, a.run(a.conn, "ROLLBACK"))
}

// ask asks every question on a warehouse, and hands the answers on.
func ask(t *testing.T, w *warehouse.Warehouse, answered func(q question, got string)) {
	t.Helper()
	a := &asker{t: t, w: w}
	for _, conn := range []**pgx.Conn{&a.conn, &a.other} {
		acquired, err := w.Pool().Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		*conn = acquired.Hijack() // its settings are the questions'
		defer func() { _ = (*conn).Close(context.WithoutCancel(t.Context())) }()
	}
	if err := a.run(a.conn,
		"CREATE TABLE probe_a (id INTEGER, v VARCHAR(10))", "CREATE TABLE probe_b (id INTEGER, v VARCHAR(10))",
		"INSERT INTO probe_a (id, v) VALUES (1, 'x'), (2, 'y'), (3, NULL)",
		"INSERT INTO probe_b (id, v) VALUES (2, 'y')",
	); err != nil {
		t.Fatal(err)
	}
	for _, q := range questions {
		got, err := q.ask(a)
		if err != nil {
			got = "could not be asked: " + err.Error()
		}
		answered(q, got)
		if a.conn.IsClosed() || a.other.IsClosed() {
			t.Fatalf("%s: the connection has ended; the questions behind it are not asked", q.text)
		}
	}
}

// TestQuestions asks the stand-in. Its answers are what dwh counts on; whether Redshift gives the
// same is for the live test to say.
func TestQuestions(t *testing.T) {
	t.Parallel()
	server := redshiftstandin.Start(t, redshiftstandin.Options{})
	w, err := warehouse.Open(t.Context(), warehouse.Options{DSN: config.Secret(server.DSN), Engine: "redshift"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	ask(t, w, func(q question, got string) {
		if got != q.standIn {
			t.Errorf("%s: got %q, want %q", q.text, got, q.standIn)
		}
		if q.needed != "" && q.needed != q.standIn {
			t.Errorf("%s: dwh needs %q, and the stand-in answers %q", q.text, q.needed, q.standIn)
		}
	})
}
