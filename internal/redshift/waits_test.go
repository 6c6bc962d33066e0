package redshift_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
)

// What waits for somebody else's lock says so after two seconds, on both engines: a run, a replay,
// a delete, a migration, and who waits for another dwh.
func TestWaitsAreTold(t *testing.T) {
	folder := writeSample(t, 5, 40)
	for _, engine := range []string{"postgres", "redshift"} {
		backing := dwhtest.Database(t)
		dsn := backing
		if engine == "redshift" {
			backing = dwhtest.Admin(t, backing) // who owns the tables behind the stand-in
			dsn = redshiftstandin.Start(t, redshiftstandin.Options{Backing: backing}).DSN
		}
		dwh := on(t, dsn)
		run := append([]string{"run"}, sources(folder)...)
		dwh.must(run...)
		for _, c := range []struct {
			table string
			args  []string
		}{
			{"s_object", append([]string{"run"}, sources(writeSample(t, 6, 40))...)},
			{"d_song", []string{"transform", "--replay"}},
			{"s_song", []string{"staging", "delete", "--song-id", "none", "--yes"}},
			{"s_songplay_event", []string{"migrate", "redo", "--drop-staged-rows"}},
			{"dwh_lock", []string{"transform", "--replay", "--wait"}},
		} {
			t.Run(engine+"/"+c.args[0]+" "+c.table, func(t *testing.T) {
				other, err := pgx.Connect(t.Context(), backing)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = other.Close(context.WithoutCancel(t.Context())) }()
				if _, err := other.Exec(t.Context(),
					"SET application_name = 'psql'; BEGIN; LOCK TABLE "+c.table); err != nil {
					t.Fatal(err)
				}
				pid := other.PgConn().PID()
				ended := make(chan error, 1)
				time.AfterFunc(6*time.Second, func() {
					_, err := other.Exec(context.Background(), "ROLLBACK")
					ended <- err
				})
				code, stdout, stderr := dwh.run(c.args...)
				if err := <-ended; err != nil {
					t.Fatal(err)
				}
				want := []string{
					fmt.Sprintf("waiting for a lock: table %s is locked by session %d (user ", c.table, pid),
					"in a transaction since ",
					fmt.Sprintf("WHERE pid = %d", pid),
				}
				if engine == "postgres" {
					want = append(want, "psql, idle in transaction")
				}
				for _, name := range want {
					if !strings.Contains(stderr, name) {
						t.Errorf("got exit code %d and\n%s%s\nwant %q", code, stdout, stderr, name)
					}
				}
				if n := strings.Count(stderr, "waiting for a lock: table "+c.table+" "); n != 1 {
					t.Errorf("got it told %d times, want once\n%s", n, stderr)
				}
			})
		}
	}
}
