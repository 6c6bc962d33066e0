package crash_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhtest"
)

var (
	starTables   = []string{"d_artist", "d_song", "d_time", "d_user", "f_songplay"}
	stagedTables = []string{"s_name", "s_song", "s_songplay_event"}
)

// state is all that matters in a warehouse, as one snapshot shows it. Rows are sorted texts.
type state struct {
	tables      map[string][]string // absent: the table is not there
	unprocessed map[string]string   // rows of a staging table that wait
	ledger      map[string]string   // rows of a table, by the ledger
	scratch     []string            // schemas of a run's own that are seen
}

// snapshot reads the warehouse as any reader would. Times, ids of loads and the flags stay out of
// the tables.
func snapshot(t *testing.T, dsn string) state {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), dwhtest.Patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer conn.Close(ctx)
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	defer tx.Rollback(ctx)
	texts := func(query string) []string {
		t.Helper()
		rows, err := tx.Query(ctx, query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		out, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		slices.Sort(out)
		return out
	}
	s := state{tables: map[string][]string{}, unprocessed: map[string]string{}, ledger: map[string]string{}}
	s.scratch = texts(`SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'dwh%'`)
	there := texts(`SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'`)
	for _, name := range there {
		switch {
		case slices.Contains(starTables, name):
			s.tables[name] = texts("SELECT row::text FROM " + name + " AS row")
		case slices.Contains(stagedTables, name):
			// Before its migration there is no flag; a row is compared without it.
			s.tables[name] = texts("SELECT (to_jsonb(row) - 'processed')::text FROM " + name + " AS row")
			s.unprocessed[name] = texts(
				"SELECT count(*) FILTER (WHERE to_jsonb(row) ->> 'processed' = 'false')::text FROM " + name + " AS row",
			)[0]
		case name == "s_object":
			s.tables[name] = texts("SELECT (to_jsonb(row) - 'loaded_at' - 'load_id')::text FROM s_object AS row")
			for _, line := range texts("SELECT table_name || ' ' || sum(rows) FROM s_object GROUP BY table_name") {
				table, rows, _ := strings.Cut(line, " ")
				s.ledger[table] = rows
			}
		case name == "s_reject":
			s.tables[name] = texts("SELECT (to_jsonb(row) - 'rejected_at' - 'load_id')::text FROM s_reject AS row")
		case name == "dwh_transform":
			s.tables[name] = texts("SELECT name || ' ' || fingerprint FROM dwh_transform")
		case name == "dwh_stale":
			s.tables[name] = texts("SELECT subject || ': ' || reason FROM dwh_stale")
		}
	}
	return s
}

// difference tells how the named tables of two states differ, "" if they do not.
func difference(got, want state, tables ...string) string {
	var b strings.Builder
	for _, name := range tables {
		if slices.Equal(got.tables[name], want.tables[name]) {
			continue
		}
		fmt.Fprintf(&b, "%s: got %d rows, want %d\n", name, len(got.tables[name]), len(want.tables[name]))
		shown := 0
		for side, pair := range map[string][2][]string{
			"only got ": {got.tables[name], want.tables[name]},
			"only want": {want.tables[name], got.tables[name]},
		} {
			left := map[string]int{}
			for _, row := range pair[1] {
				left[row]++
			}
			for _, row := range pair[0] {
				if left[row]--; left[row] < 0 && shown < 6 {
					fmt.Fprintf(&b, "  %s %s\n", side, row)
					shown++
				}
			}
		}
	}
	return b.String()
}

// allTables are what two warehouses that went through the same have alike.
func allTables() []string {
	return slices.Concat(starTables, stagedTables, []string{"s_object", "s_reject", "dwh_transform", "dwh_stale"})
}

// same fails the test when two states differ in any table or flag.
func same(t *testing.T, what string, got, want state) {
	t.Helper()
	if d := difference(got, want, allTables()...); d != "" {
		t.Errorf("%s: %s", what, d)
	}
	for _, name := range stagedTables {
		if got.unprocessed[name] != want.unprocessed[name] {
			t.Errorf(
				"%s: %s: got %s unprocessed rows, want %s", what, name, got.unprocessed[name],
				want.unprocessed[name],
			)
		}
	}
}

// whole fails the test unless s is a state that nobody needs to be ashamed of, on the way from
// before to after: the star is the one or the other, flags follow it, the ledger and staging agree,
// and nothing of a run's workshop is seen.
func whole(t *testing.T, what string, s, before, after state, ledger bool) {
	t.Helper()
	if len(s.scratch) > 0 {
		t.Errorf("%s: got schemas %q, want none of a run's own", what, s.scratch)
	}
	old, fresh := difference(s, before, starTables...), difference(s, after, starTables...)
	switch {
	case fresh == "":
		if old != "" {
			for _, name := range stagedTables {
				if s.unprocessed[name] != after.unprocessed[name] {
					t.Errorf(
						"%s: the star is the new one, and %s has %s unprocessed rows, want %s",
						what, name, s.unprocessed[name], after.unprocessed[name],
					)
				}
			}
		}
	case old != "":
		t.Errorf("%s: the star is neither the old one nor the new one; it differs from the new one: %s", what, fresh)
	}
	if !ledger {
		if difference(s, before, stagedTables...) != "" && difference(s, after, stagedTables...) != "" {
			t.Errorf("%s: staging is neither as before nor as after: %s", what, difference(s, after, stagedTables...))
		}
		return
	}
	for _, name := range stagedTables {
		rows, ok := s.tables[name]
		if !ok {
			continue
		}
		want := s.ledger[name]
		if want == "" {
			want = "0"
		}
		if fmt.Sprint(len(rows)) != want {
			t.Errorf("%s: %s has %d rows, the ledger says %s", what, name, len(rows), want)
		}
	}
}

// awaitGone waits until the server has noticed that the clients of a database are gone, and returns
// how long that took.
func awaitGone(t *testing.T, dsn string) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), dwhtest.Patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer conn.Close(ctx)
	started := time.Now()
	for {
		var clients int
		err := conn.QueryRow(
			ctx,
			`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dwh'`,
		).Scan(&clients)
		if err != nil {
			t.Fatalf("look for clients: %v", err)
		}
		if clients == 0 {
			return time.Since(started)
		}
		select {
		case <-ctx.Done():
			t.Fatalf("got %d clients after %s, want none", clients, dwhtest.Patience)
		case <-time.After(2 * time.Millisecond):
		}
	}
}
