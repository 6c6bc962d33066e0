package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/bench/outcome"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/table"
)

func TestMain(m *testing.M) { dwhtest.Main(m) }

func TestParse(t *testing.T) {
	for _, test := range []struct {
		args string
		want settings
	}{
		{"", settings{only: usual(), scale: "large", songs: 100_000, events: 5_000_000, rounds: 3}},
		{
			"--scale small --rounds 5",
			settings{only: usual(), scale: "small", songs: 15_000, events: 200_000, rounds: 5},
		},
		{"--scale medium --events 7", settings{only: usual(), scale: "as given", songs: 40_000, events: 7, rounds: 3}},
		{
			"--only load,memory",
			settings{only: wanted{"load", "memory"}, scale: "large", songs: 100_000, events: 5_000_000, rounds: 3},
		},
		{
			"--only growth --growth",
			settings{only: wanted{"growth"}, scale: "large", songs: 100_000, events: 5_000_000, rounds: 3},
		},
		{
			"--growth",
			settings{only: append(usual(), "growth"), scale: "large", songs: 100_000, events: 5_000_000, rounds: 3},
		},
		{
			"--format markdown",
			settings{
				only: usual(), scale: "large", songs: 100_000, events: 5_000_000, rounds: 3,
				format: table.Markdown,
			},
		},
	} {
		got, err := parse(strings.Fields(test.args), io.Discard)
		if err != nil {
			t.Errorf("%q: %v", test.args, err)
			continue
		}
		if test.want.format == "" {
			test.want.format = table.Text
		}
		if !slices.Equal(
			got.only, test.want.only,
		) || got.scale != test.want.scale || got.songs != test.want.songs || got.events != test.want.events ||
			got.rounds != test.want.rounds || got.format != test.want.format {
			t.Errorf("%q: got %+v, want %+v", test.args, got, test.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"--scale huge":    `--scale is large, medium or small, not "huge"`,
		"--only lode":     `there is no row "lode"`,
		"--only memory":   "memory is the peak over the other rows",
		"--only load,":    `there is no row ""`,
		"--rounds 0":      "positive",
		"--songs -1":      "positive",
		"--format yaml":   `--format is text or markdown, not "yaml"`,
		"--data /dev":     "--data: stat /dev/song_data",
		"extra":           `unexpected argument "extra"`,
		"--unknown":       "flag provided but not defined",
		"--events twelve": "invalid value",
	} {
		_, err := parse(strings.Fields(args), io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", args, err, want)
		}
	}
	var help bytes.Buffer
	if _, err := parse([]string{"--help"}, &help); !errors.Is(err, flag.ErrHelp) || !strings.Contains(
		help.String(), "Examples:",
	) {
		t.Errorf("--help: got %v and %q, want help with examples", err, help.String())
	}
}

func TestEveryRowHasItsPlace(t *testing.T) {
	var rows []string
	for _, m := range measurements() {
		rows = append(rows, m.rows...)
	}
	order := tableOrder()
	slices.Sort(rows)
	slices.Sort(order)
	if !slices.Equal(rows, order) {
		t.Errorf("got rows %q and an order of %q, want the same", rows, order)
	}
}

func TestDiffer(t *testing.T) {
	want := counts{Songs: 1, Events: 2, StarSongs: 3, Artists: 4, Users: 5, Hours: 6, Plays: 7, Deliveries: 8}
	got := want
	got.Deliveries = 0
	if err := differ("it", got, want); err != nil {
		t.Errorf("got %v, want no difference", err)
	}
	got.Plays, got.Songs = 9, 0
	err := differ("it", got, want)
	var difference *differenceError
	if !errors.As(err, &difference) || err.Error() != "it: s_song has 0 rows, want 1, f_songplay has 9 rows, want 7" {
		t.Errorf("got %v, want the two tables that differ", err)
	}
}

func TestVerifyDuck(t *testing.T) {
	want := counts{Songs: 1, Events: 2, StarSongs: 3, Artists: 4, Users: 5, Hours: 6, Plays: 7, Deliveries: 8}
	// DuckDB's script keeps both deliveries of a play.
	if err := verifyDuck(
		`{"s_song":1,"s_songplay_event":2,"d_artist":4,"d_song":3,"d_time":6,"d_user":5,"f_songplay":8}`,
		want,
	); err != nil {
		t.Error(err)
	}
	if err := verifyDuck(`{"s_song":1}`, want); err == nil {
		t.Error("empty tables: got no error")
	}
	if err := verifyDuck("Error: no such module", want); err == nil {
		t.Error("no JSON: got no error")
	}
}

func TestStepSeconds(t *testing.T) {
	if got, err := stepSeconds(
		`{"run":"x","transforms":[{"step":"110_d_song","seconds":0.5},{"seconds":1.25}],"seconds":9}`,
	); err != nil || got != 1.75 {
		t.Errorf("got %v (%v), want 1.75", got, err)
	}
	if _, err := stepSeconds("transformed 12 rows"); err == nil {
		t.Error("no JSON: got no error")
	}
}

func TestLastLine(t *testing.T) {
	if got := lastLine("target: x\nerror: it broke\n\nhint: mend it\n"); got != "error: it broke" {
		t.Errorf("got %q, want what failed", got)
	}
	if got := lastLine(""); got != "" {
		t.Errorf("got %q of nothing, want nothing", got)
	}
}

// measured runs the benchmark as its command line says.
func measured(t *testing.T, args ...string) (*outcome.Report, string) {
	t.Helper()
	s, err := parse(args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	s.idle = time.Millisecond
	var log bytes.Buffer
	report, err := run(t.Context(), s, &log)
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	return report, log.String()
}

// TestEndToEnd measures everything but DuckDB on tiny data, then again in the same work folder,
// with profiles and with a dwh that fails.
func TestEndToEnd(t *testing.T) {
	work := dwhtest.DataDir(t)
	tiny := []string{"--songs", "80", "--events", "500", "--rounds", "1", "--keep", work}
	report, log := measured(t, append(tiny, "--growth")...)
	if report.Broken() {
		t.Errorf("got broken rows: %s", log)
	}
	figures := map[string]int{}
	for _, row := range report.Rows {
		if row.Name == "fresh" {
			if !strings.Contains(row.Missing, "--duckdb") {
				t.Errorf("fresh: got %+v, want to be told what is missing", row)
			}
			figures["fresh"] += len(row.Ours)
			continue
		}
		figures[row.Name] += len(row.Values)
		if row.Median == nil {
			t.Errorf("%s: got no median of %v", row.Name, row.Values)
		}
	}
	want := map[string]int{
		"load": 1, "s3-large": 6, "s3-songs": 1, "fresh": 1, "transforms": 2, "increment": 1,
		"batch": 1, "replay": 1, "memory": 1, "report": reportRounds, "growth": 3,
	}
	for _, name := range tableOrder() {
		if figures[name] != want[name] {
			t.Errorf("%s: got %d figures, want %d", name, figures[name], want[name])
		}
	}
	if report.Data.Events < 490 || report.Data.Events > 510 || report.Data.Plays == 0 || report.Data.Songs < 70 {
		t.Errorf("got data %+v, want those that were asked for", report.Data)
	}
	if len(report.Memory) < 7 {
		t.Errorf("got memory %v, want that of every kind of run", report.Memory)
	}

	profiles := filepath.Join(t.TempDir(), "profiles")
	report, log = measured(t, append(tiny, "--only", "transforms", "--profile", profiles)...)
	if report.Broken() || len(report.Rows) != 2 || len(report.Rows[0].Values) != 1 || len(report.Rows[1].Values) != 1 {
		t.Errorf("one row in a kept folder: got %+v\n%s", report.Rows, log)
	}
	if strings.Contains(log, "making") || strings.Contains(log, "generating") {
		t.Errorf("a kept folder: got %q, want nothing made again", log)
	}
	for _, name := range []string{"transforms-transform.cpu.pprof", "transforms-transform.alloc.pprof"} {
		if info, err := os.Stat(filepath.Join(profiles, name)); err != nil || info.Size() == 0 {
			t.Errorf("profile %s: got %v (%v), want one", name, info, err)
		}
	}

	failing := filepath.Join(t.TempDir(), "dwh")
	script := "#!/bin/sh\n[ \"$1\" = report ] && { echo cannot >&2; exit 1; }\nexec '" + filepath.Join(
		work, "dwh",
	) + "' \"$@\"\n"
	if err := os.WriteFile(failing, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	report, log = measured(t, append(tiny, "--only", "report,load", "--dwh", failing)...)
	if !report.Broken() || len(report.Rows) != 2 || report.Rows[0].Broken != "" || !strings.Contains(
		report.Rows[1].Broken, "cannot",
	) {
		t.Errorf("a report that fails: got %+v, want it broken and the load measured\n%s", report.Rows, log)
	}
}
