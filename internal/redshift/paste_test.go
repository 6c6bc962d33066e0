package redshift_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// TestPastedStatementsGiveTheStar sends what dwh render --as prints for Redshift to the stand-in.
func TestPastedStatementsGiveTheStar(t *testing.T) {
	folder := writeSample(t, 60, 400)
	want := onPostgres(t, folder)
	server := redshiftstandin.Start(t, redshiftstandin.Options{})
	conn, err := pgx.Connect(t.Context(), server.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	pasted(t, on(t, server.DSN, "DWH_LOAD_METHOD=insert"), conn, folder, func() {
		t.Helper()
		got := contents(t, server.Backing)
		same(t, got, want)
		if len(got["f_songplay"]) == 0 || !strings.Contains(strings.Join(got["f_songplay"], ""), "|NULL") {
			t.Errorf("got %d plays, want some, and some without a song", len(got["f_songplay"]))
		}
	})
}

// pasted sends what dwh render --as prints for Redshift, statement by statement in one transaction:
// a first run over a part of the staged rows, an increment over all of them, and a replay after the
// tables were spoilt. The last two have to end in the star that complete compares.
func pasted(t *testing.T, dwh program, conn *pgx.Conn, folder string, complete func()) {
	t.Helper()
	exec := func(sql string) {
		t.Helper()
		if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Fatalf("%s:\n%v", sql, err)
		}
	}
	paste := func(as string) {
		t.Helper()
		text, _ := dwh.must("render", "--engine", "redshift", "--as", as)
		file, err := sqlfile.Parse(as+".sql", text)
		if err != nil {
			t.Fatal(err)
		}
		exec("BEGIN")
		for _, statement := range file.Statements(sqlfile.Redshift) {
			exec(statement.SQL())
		}
		exec("COMMIT")
	}
	dwh.must("migrate", "up")
	dwh.must(append([]string{"transform", "--only", "010,030"}, sources(folder)...)...)
	paste("first")
	dwh.must(append([]string{"transform", "--only", "020"}, sources(folder)...)...)
	paste("increment")
	complete()
	for _, sql := range []string{
		"DELETE FROM f_songplay WHERE level = 'free'",
		"UPDATE d_song SET title = 'x'",
		"INSERT INTO d_time (start_time, hour, day, week, month, year, weekday) VALUES " +
			"('2001-01-01 00:00:00', 0, 1, 1, 1, 2001, 0)",
	} {
		exec(sql)
	}
	paste("replay")
	complete()
}
