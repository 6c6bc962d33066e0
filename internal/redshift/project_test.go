package redshift_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
)

// TestProjectThatTeaches: the project that init makes gives on Redshift what it gives on
// PostgreSQL, through a late row, a late station, a correction and an erasure.
func TestProjectThatTeaches(t *testing.T) {
	server := redshiftstandin.Start(t, redshiftstandin.Options{WithTLS: true})
	postgres := dwhtest.Database(t)
	through := func(dsn, shown string) (states []string) {
		dir := filepath.Join(t.TempDir(), "bikes")
		dwh := on(t, dsn)
		dwh.must("init", dir)
		note := func() {
			var state strings.Builder
			for _, table := range []string{"d_station", "f_ride", "f_day"} {
				state.WriteString(table + "\n" + dwhtest.TableText(t, shown, table, "") + "\n")
			}
			states = append(states, state.String())
		}
		dwh.must("run", "--project", dir)
		note()
		for _, name := range []string{"rides/late.json", "stations/2026-05-04.csv", "rides/correction.json"} {
			text, err := os.ReadFile(filepath.Join(dir, "later", name))
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, "data", name), text)
			dwh.must("run", "--project", dir)
			note()
		}
		dwh.must("staging", "delete", "--rider", "7", "--yes", "--project", dir)
		note()
		dwh.must("verify", "--project", dir)
		stdout, _ := dwh.must("test", "--project", dir)
		if !strings.Contains(stdout, "tests: 1 ok, 0 failed") {
			t.Errorf("got\n%s\nwant the test case to pass", stdout)
		}
		return states
	}
	if diff := cmp.Diff(through(postgres, postgres), through(server.DSN, server.Backing)); diff != "" {
		t.Errorf("-PostgreSQL +Redshift\n%s", diff)
	}
}
