package redshiftstandin_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/warehouse"
)

func TestStartup(t *testing.T) {
	t.Parallel()
	server, conn := newServer(t, redshiftstandin.Options{})
	if got := conn.PgConn().ParameterStatus("server_version"); got != "8.0.2" {
		t.Errorf("server_version: got %q, want 8.0.2", got)
	}
	if got := conn.PgConn().ParameterStatus("standard_conforming_strings"); got != "" {
		t.Errorf("standard_conforming_strings: got %q, want it not reported", got)
	}
	if got := rows(t, conn, "SELECT version()")[0]; !strings.HasSuffix(got, "Redshift 1.0.75672") {
		t.Errorf("version: got %q", got)
	}
	for name, want := range map[string]string{
		"intervalstyle": "42704", "lock_timeout": "42704", "standard_conforming_strings": "42704",
		"application_name": "", "client_encoding": "",
	} {
		config, err := pgx.ParseConfig(server.DSN)
		if err != nil {
			t.Fatal(err)
		}
		config.RuntimeParams[name] = "utf8"
		other, err := pgx.ConnectConfig(t.Context(), config)
		if got := code(err); got != want {
			t.Errorf("startup parameter %s: got %v, want SQLSTATE %q", name, err, want)
		}
		if other != nil {
			_ = other.Close(t.Context())
		}
	}
	if _, err := pgx.Connect(
		t.Context(), strings.Replace(server.DSN, "awsuser:", "awsuser:x", 1),
	); code(err) != "28000" {
		t.Errorf("wrong password: got %v, want SQLSTATE 28000", err)
	}
	// pgx's simple protocol wants standard_conforming_strings.
	if _, err := conn.Exec(t.Context(), "SELECT $1", pgx.QueryExecModeSimpleProtocol, "a"); err == nil {
		t.Error("simple protocol with arguments: got no error")
	}
	if got := server.Statements(); !slices.Contains(got, "SELECT version()") {
		t.Errorf("statements: got %q, want the one about the version among them", got)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	server := redshiftstandin.Start(t, redshiftstandin.Options{WithTLS: true})
	w, err := warehouse.Open(t.Context(), warehouse.Options{DSN: config.Secret(server.DSN)})
	if err != nil {
		t.Fatalf("verify-full: %v", err)
	}
	defer w.Close()
	if w.Engine() != sqlfile.Redshift || w.Version != "1.0.75672" {
		t.Errorf("got engine %s %s, want redshift 1.0.75672", w.Engine(), w.Version)
	}
	if _, err := os.Stat(server.CAFile); err != nil {
		t.Error(err)
	}
	if _, err := pgx.Connect(
		t.Context(), strings.Replace(server.DSN, "verify-full", "disable", 1),
	); code(err) != "28000" {
		t.Errorf("without TLS: got %v, want SQLSTATE 28000", err)
	}
	without, _, _ := strings.Cut(server.DSN, "?")
	if _, err := pgx.Connect(t.Context(), without+"?sslmode=verify-full"); err == nil {
		t.Error("an unknown authority: got no error")
	}
}

func TestBinaryNumeric(t *testing.T) {
	t.Parallel()
	_, conn := newServer(t, redshiftstandin.Options{})
	for mode, want := range map[pgx.QueryExecMode]string{
		pgx.QueryExecModeExec: "", pgx.QueryExecModeDescribeExec: "0A000",
	} {
		var got string
		err := conn.QueryRow(
			t.Context(), "SELECT CAST($1 AS NUMERIC(8,2))", mode,
			pgx.QueryResultFormats{btof(mode)}, "12.34",
		).Scan(&got)
		if code(err) != want {
			t.Errorf("mode %v: got %v, want SQLSTATE %q", mode, err, want)
		}
	}
	var n int64
	if err := conn.QueryRow(
		t.Context(), "SELECT CAST($1 AS BIGINT)", pgx.QueryExecModeCacheStatement, int64(7),
	).Scan(&n); err != nil || n != 7 {
		t.Errorf("a binary BIGINT: got %d, %v", n, err)
	}
}

func btof(mode pgx.QueryExecMode) int16 {
	if mode == pgx.QueryExecModeExec {
		return 0
	}
	return 1
}

func TestKeysAndLengths(t *testing.T) {
	t.Parallel()
	_, conn := newServer(t, redshiftstandin.Options{})
	exec(
		t, conn, "CREATE TABLE t (id INTEGER PRIMARY KEY, v VARCHAR(4), w TEXT, n NUMERIC)",
		"INSERT INTO t (id, v) VALUES (1, 'a'), (1, 'b')", "CREATE TABLE copied (LIKE t)",
	)
	if got := rows(
		t, conn,
		"SELECT constraint_type FROM information_schema.table_constraints WHERE table_name = 't'",
	); !slices.Equal(got, []string{"PRIMARY KEY"}) {
		t.Errorf("keys: got %v, want one", got)
	}
	for _, table := range []string{"t", "copied"} {
		for value, want := range map[string]string{
			"ääb": "22001", "abcde": "22001", "ää": "", "abcd   ": "", "ä   ": "",
		} {
			if _, err := conn.Exec(
				t.Context(), "INSERT INTO "+table+" (id, v) VALUES (2, $1)", value,
			); code(err) != want {
				t.Errorf("%s: %q into VARCHAR(4): got %v, want SQLSTATE %q", table, value, err, want)
			}
		}
	}
	if _, err := conn.Exec(
		t.Context(), "INSERT INTO t (id, w) VALUES (2, $1)", strings.Repeat("a", 257),
	); code(err) != "22001" {
		t.Errorf("257 bytes into TEXT: got %v, want SQLSTATE 22001", err)
	}
	exec(t, conn, "INSERT INTO t (id, n) VALUES (3, 12.5)")
	if got := rows(t, conn, "SELECT n FROM t WHERE id = 3"); !slices.Equal(got, []string{"13"}) {
		t.Errorf("NUMERIC without sizes: got %v, want 13", got)
	}
	if got := rows(
		t, conn, "SELECT SHA2('a', 256)",
	); got[0] != "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb" {
		t.Errorf("SHA2: got %v", got)
	}
	_, err := conn.Exec(t.Context(), "SELECT EXTRACT(hour FROM nope) FROM t")
	if code(err) != "42703" || !strings.Contains(err.Error(), "nope") {
		t.Errorf("a column that is not there: got %v", err)
	}
}

func TestTransactions(t *testing.T) {
	t.Parallel()
	server, conn := newServer(t, redshiftstandin.Options{})
	ctx := context.Background()
	exec(t, conn, "CREATE TABLE t (id INTEGER, v VARCHAR(10))", "INSERT INTO t (id) VALUES (1)")

	// A refusal fails the block.
	exec(t, conn, "BEGIN", "INSERT INTO t (id) VALUES (2)")
	if _, err := conn.Exec(ctx, "SELECT DISTINCT ON (id) id FROM t"); code(err) != "42601" {
		t.Errorf("got %v, want SQLSTATE 42601", err)
	}
	if _, err := conn.Exec(ctx, "INSERT INTO t (id) VALUES (3)"); code(err) != "25P02" {
		t.Errorf("in a failed block: got %v, want SQLSTATE 25P02", err)
	}
	exec(t, conn, "ROLLBACK")
	if got := rows(t, conn, "SELECT id FROM t"); !slices.Equal(got, []string{"1"}) {
		t.Errorf("after a failed block: got %v, want 1", got)
	}
	for _, sql := range []string{
		"VACUUM t", "ALTER TABLE t ALTER COLUMN v TYPE VARCHAR(20)", "CREATE DATABASE x",
		"ALTER TABLE t APPEND FROM u",
	} {
		exec(t, conn, "BEGIN")
		if _, err := conn.Exec(ctx, sql); code(err) != "25001" {
			t.Errorf("%s in a block: got %v, want SQLSTATE 25001", sql, err)
		}
		exec(t, conn, "ROLLBACK")
	}

	// TRUNCATE commits what was before it.
	exec(
		t, conn, "CREATE TABLE other (id INTEGER)", "BEGIN", "INSERT INTO other (id) VALUES (5)",
		"TRUNCATE t", "ROLLBACK",
	)
	if got := rows(t, conn, "SELECT id FROM other UNION ALL SELECT id FROM t"); !slices.Equal(got, []string{"5"}) {
		t.Errorf("after TRUNCATE and ROLLBACK: got %v, want 5", got)
	}

	// The level is the database's; concurrent changes of a row end in error 1023.
	second := connect(t, server.DSN)
	exec(t, conn, "BEGIN ISOLATION LEVEL READ COMMITTED")
	rows(t, conn, "SELECT id FROM other")
	exec(t, second, "UPDATE other SET id = 6")
	_, err := conn.Exec(ctx, "UPDATE other SET id = 7")
	if code(err) != "XX000" || !strings.Contains(err.Error(), "1023") {
		t.Errorf("a concurrent change: got %v, want error 1023", err)
	}
	exec(t, conn, "ROLLBACK")
	if got := rows(
		t, conn, "SELECT TRIM(isolation_level) FROM stv_db_isolation_level",
	); got[0] != "Snapshot Isolation" {
		t.Errorf("level: got %v", got)
	}

	// 1023 on demand: an odd one at COMMIT, an even one at the first write; a block that reads
	// meets none.
	server.Raise1023(2)
	exec(t, conn, "BEGIN")
	if _, err := conn.Exec(ctx, "DELETE FROM t"); code(err) != "XX000" {
		t.Errorf("the first: got %v, want error 1023", err)
	}
	exec(t, conn, "ROLLBACK", "BEGIN", "SELECT id FROM t", "COMMIT", "BEGIN", "DELETE FROM other")
	if _, err := conn.Exec(ctx, "COMMIT"); code(err) != "XX000" {
		t.Errorf("the second: got %v, want error 1023", err)
	}
	if got := rows(t, conn, "SELECT id FROM other"); !slices.Equal(got, []string{"6"}) {
		t.Errorf("after a failed COMMIT: got %v, want 6", got)
	}
	exec(t, conn, "BEGIN", "DELETE FROM other", "COMMIT")
}

func TestLoadViews(t *testing.T) {
	t.Parallel()
	bucket := dwhtest.S3(t)
	etag := bucket.Put("in/a.json", []byte("{\"id\":1}\n{\"id\":\"x\"}\n{\"id\":2}\n"))
	bucket.Put("in/b.json", []byte(`{"id":3}`))
	bucket.Put(
		"manifest",
		[]byte(`{"entries":[{"url":"`+bucket.URL("in/b.json")+`","mandatory":true},{"url":"`+bucket.URL("gone")+`"}]}`),
	)
	bucket.Put("strict", []byte(`{"entries":[{"url":"`+bucket.URL("gone")+`","mandatory":true}]}`))
	server, conn := newServer(t, redshiftstandin.Options{S3: bucket.Client(), BucketRegion: "eu-west-1"})
	exec(t, conn, "CREATE TABLE t (id INTEGER)", "BEGIN")
	const options = " IAM_ROLE 'arn:aws:iam::123456789012:role/load' REGION 'eu-west-1' FORMAT AS JSON 'auto'"
	exec(t, conn, "COPY t FROM '"+bucket.URL("in/")+"'"+options+" MAXERROR 2")
	if got := rows(t, conn, "SELECT pg_last_copy_count()"); got[0] != "3" {
		t.Errorf("pg_last_copy_count: got %v, want 3", got)
	}
	want := []string{bucket.URL("in/a.json") + "|3|" + etag, bucket.URL("in/b.json") + "|1|"}
	for range 2 { // in the transaction and after it
		got := rows(
			t, conn,
			"SELECT TRIM(file_name), lines_scanned, TRIM(file_etag) FROM sys_load_detail WHERE "+
				"query_id = pg_last_copy_id() ORDER BY file_name",
		)
		if len(got) != 2 || got[0] != want[0] || !strings.HasPrefix(got[1], want[1]) {
			t.Errorf("SYS_LOAD_DETAIL: got %v, want %v", got, want)
		}
		if got := rows(
			t, conn,
			"SELECT TRIM(e.colname), e.line_number, TRIM(e.raw_line), TRIM(e.raw_field_value), "+
				"d.error_code FROM stl_load_errors AS e INNER JOIN sys_load_error_detail AS d ON "+
				"d.query_id = e.query WHERE e.query = pg_last_copy_id()",
		); !slices.Equal(got, []string{`id|2|{"id":"x"}|x|1207`}) {
			t.Errorf("STL_LOAD_ERRORS: got %v", got)
		}
		if conn.PgConn().TxStatus() == 'T' {
			exec(t, conn, "COMMIT")
		}
	}
	// A COPY that fails leaves its errors, and no rows.
	if _, err := conn.Exec(t.Context(), "COPY t FROM '"+bucket.URL("in/")+"'"+options); code(err) != "XX000" {
		t.Errorf("got %v, want it to fail", err)
	}
	if got := rows(
		t, conn,
		"SELECT TRIM(status), loaded_rows, error_count FROM sys_load_history ORDER BY query_id",
	); !slices.Equal(got, []string{"completed|3|1", "aborted|0|1"}) {
		t.Errorf("SYS_LOAD_HISTORY: got %v", got)
	}
	if err := server.HideLoads(true); err != nil {
		t.Fatal(err)
	}
	exec(t, conn, "COPY t FROM '"+bucket.URL("manifest")+"'"+options+" MANIFEST")
	const commits = "SELECT COUNT(*) FROM stl_load_commits WHERE query = pg_last_copy_id()"
	if got := rows(t, conn, commits); got[0] != "0" {
		t.Errorf("hidden: got %v files, want 0", got)
	}
	if err := server.HideLoads(false); err != nil {
		t.Fatal(err)
	}
	if got := rows(t, conn, commits); got[0] != "1" {
		t.Errorf("shown: got %v files, want 1", got)
	}
	for _, statement := range []string{
		"COPY t FROM '" + bucket.URL("strict") + "'" + options + " MANIFEST", "COPY t FROM '" + bucket.URL(
			"nothing/",
		) + "'" + options,
		"COPY t FROM '" + bucket.URL("in/") + "' IAM_ROLE default FORMAT AS JSON 'auto' MAXERROR 9",
	} {
		if _, err := conn.Exec(t.Context(), statement); code(err) != "XX000" {
			t.Errorf("%s: got %v, want it to fail", statement, err)
		}
	}
}

func TestPositions(t *testing.T) {
	t.Parallel()
	_, conn := newServer(t, redshiftstandin.Options{})
	exec(t, conn, "CREATE TABLE t (id INTEGER, ts TIMESTAMP)")
	for sql, want := range map[string]string{
		"SELECT 'ä', EXTRACT(hour FROM ts), CAST('a' AS VARCHAR), nope FROM t": "nope",
		"SELECT id AS tag FROM t":                             "tag",
		"INSERT INTO t (id) SELECT id FROM t WHERE gone = $1": "gone",
	} {
		var args []any
		if strings.Contains(sql, "$1") {
			args = []any{"1"}
		}
		_, err := conn.Exec(t.Context(), sql, args...)
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || refused.Position < 1 || !strings.HasPrefix(
			string([]rune(sql)[refused.Position-1:]), want,
		) {
			t.Errorf("%s: got %+v, want the position of %s", sql, refused, want)
		}
	}
}

func TestScripts(t *testing.T) {
	t.Parallel()
	_, conn := newServer(t, redshiftstandin.Options{Scripts: true})
	ctx := t.Context()
	if _, err := conn.Exec(ctx, "CREATE TABLE t (id INTEGER); INSERT INTO t (id) VALUES (1); -- the end"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(
		ctx, "INSERT INTO t (id) VALUES (2); SELECT nope FROM t; INSERT INTO t (id) VALUES (3)",
	); code(err) != "42703" {
		t.Errorf("got %v, want SQLSTATE 42703", err)
	}
	if got := rows(t, conn, "SELECT id FROM t"); !slices.Equal(got, []string{"1"}) {
		t.Errorf("a script is one transaction: got %v, want 1", got)
	}
}

// TestServerless leaves the STL views empty.
func TestServerless(t *testing.T) {
	t.Parallel()
	bucket := dwhtest.S3(t)
	bucket.Put("a", []byte(`{"id":"x"}`))
	_, conn := newServer(t, redshiftstandin.Options{S3: bucket.Client(), Serverless: true})
	exec(t, conn, "CREATE TABLE t (id INTEGER)")
	if _, err := conn.Exec(
		t.Context(), "COPY t FROM '"+bucket.URL("a")+"' IAM_ROLE default FORMAT AS JSON 'auto'",
	); err == nil || !strings.Contains(err.Error(), "sys_load_error_detail") {
		t.Errorf("got %v, want it to name sys_load_error_detail", err)
	}
	if got := rows(
		t, conn,
		"SELECT (SELECT COUNT(*) FROM stl_load_errors), (SELECT COUNT(*) FROM sys_load_error_detail)",
	); got[0] != "0|1" {
		t.Errorf("errors in STL and SYS: got %v, want 0|1", got)
	}
}

// TestCancel ends a statement that waits for a lock.
func TestCancel(t *testing.T) {
	t.Parallel()
	server, conn := newServer(t, redshiftstandin.Options{})
	exec(t, conn, "CREATE TABLE t (id INTEGER)", "BEGIN", "LOCK TABLE t")
	other := connect(t, server.DSN)
	exec(t, other, "BEGIN")
	done := make(chan error, 1) // gets the statement's error
	go func() {
		_, err := other.Exec(context.Background(), "LOCK t")
		done <- err
	}()
	for { // until it waits
		if got := dwhtest.Query(
			t, server.Backing,
			"SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 't'::regclass AND "+
				"database = (SELECT oid FROM pg_database WHERE datname = current_database())",
		); got[0][0] == "1" {
			break
		}
	}
	if err := other.PgConn().CancelRequest(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-done; code(err) != "57014" {
		t.Errorf("got %v, want SQLSTATE 57014", err)
	}
}

// TestConflicts raises both kinds of conflict, in a block and in a statement that stands alone.
func TestConflicts(t *testing.T) {
	t.Parallel()
	server, conn := newServer(t, redshiftstandin.Options{})
	exec(t, conn, "CREATE TABLE t (id INTEGER)")
	for conflict, want := range map[redshiftstandin.Conflict]string{
		redshiftstandin.Serialization: "1023", redshiftstandin.Concurrent: "could not complete because of conflict " +
			"with concurrent transaction",
	} {
		server.Raise(conflict, 1)
		exec(t, conn, "BEGIN", "INSERT INTO t (id) VALUES (1)")
		if _, err := conn.Exec(t.Context(), "COMMIT"); code(err) != "XX000" || !strings.Contains(err.Error(), want) {
			t.Errorf("at COMMIT: got %v, want %s", err, want)
		}
		server.RaiseAlone(conflict, 1)
		exec(t, conn, "SELECT id FROM t")
		if _, err := conn.Exec(t.Context(), "INSERT INTO t (id) VALUES (2)"); code(err) != "XX000" ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("alone: got %v, want %s", err, want)
		}
	}
	exec(t, conn, "INSERT INTO t (id) VALUES (3)")
	if got := rows(t, conn, "SELECT id FROM t"); !slices.Equal(got, []string{"3"}) {
		t.Errorf("got %v, want 3 alone", got)
	}
}

// TestSecondUser logs in as a user who owns nothing: information_schema shows him no constraint,
// pg_constraint does.
func TestSecondUser(t *testing.T) {
	t.Parallel()
	server, conn := newServer(t, redshiftstandin.Options{})
	exec(t, conn, "CREATE TABLE t (id INTEGER PRIMARY KEY)")
	const user = "IAMR:standin_second"
	other := connect(t, server.AddUser(t, user))
	if got := other.PgConn().ParameterStatus("session_authorization"); got != user {
		t.Errorf("got user %q, want %q", got, user)
	}
	if _, err := other.Exec(t.Context(), "SELECT id FROM t"); code(err) != "42501" {
		t.Errorf("without a grant: got %v, want SQLSTATE 42501", err)
	}
	exec(t, conn, `GRANT SELECT ON t TO "`+user+`"`)
	exec(t, other, "SELECT id FROM t")
	for sql, want := range map[string]string{
		"SELECT COUNT(*) FROM information_schema.table_constraints WHERE table_name = " +
			"'t'": "0",
		"SELECT COUNT(*) FROM information_schema.key_column_usage WHERE table_name = " +
			"'t'": "0",
		"SELECT COUNT(*) FROM pg_constraint AS k INNER JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid WHERE " +
			"c.relname = 't'": "1",
		"SELECT k.conkey FROM pg_catalog.pg_constraint AS k INNER JOIN pg_class AS c ON c.oid = k.conrelid WHERE " +
			"k.contype = 'p' AND c.relname = 't'": "{1}",
	} {
		if got := rows(t, other, sql); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: got %v, want %s", sql, got, want)
		}
	}
	if _, err := other.Exec(t.Context(), "SELECT isolation_level FROM stv_db_isolation_level"); code(err) != "42501" {
		t.Errorf("the isolation level: got %v, want SQLSTATE 42501", err)
	}
	for _, view := range systemViewNames {
		exec(t, other, "SELECT COUNT(*) FROM "+view)
	}
}

var systemViewNames = []string{
	"sys_load_error_detail",
	"stl_load_errors",
	"sys_load_detail",
	"stl_load_commits",
	"sys_load_history",
	"svv_transactions",
}

// TestStatementTimeout ends a COPY that takes longer, and a LOCK that waits longer.
func TestStatementTimeout(t *testing.T) {
	t.Parallel()
	bucket := dwhtest.S3(t)
	bucket.Put("a", []byte(strings.Repeat(`{"id":1}`, 20000)))
	server, conn := newServer(t, redshiftstandin.Options{S3: bucket.Client()})
	exec(t, conn, "CREATE TABLE t (id INTEGER)", "SET statement_timeout TO 20")
	if _, err := conn.Exec(t.Context(), "COPY t FROM '"+bucket.URL("a")+"' IAM_ROLE default FORMAT AS JSON "+
		"'auto'"); code(
		err,
	) != "57014" {
		t.Errorf("COPY: got %v, want SQLSTATE 57014", err)
	}
	other := connect(t, server.DSN)
	exec(t, other, "BEGIN", "LOCK TABLE t")
	exec(t, conn, "BEGIN")
	if _, err := conn.Exec(t.Context(), "LOCK TABLE t"); code(err) != "57014" {
		t.Errorf("LOCK: got %v, want SQLSTATE 57014", err)
	}
}
