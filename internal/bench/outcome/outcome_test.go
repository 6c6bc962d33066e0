package outcome_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/bench/outcome"
	"github.com/sparkify/dwh/internal/table"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{3, 1, 2}, 2},
		{[]float64{4, 1, 3, 2}, 2.5},
		{[]float64{1, 1, 100}, 1},
	} {
		before := slices.Clone(test.values)
		if got := outcome.Median(test.values); got != test.want {
			t.Errorf("Median(%v): got %v, want %v", test.values, got, test.want)
		}
		if !slices.Equal(test.values, before) {
			t.Errorf("Median changed its input: got %v, want %v", test.values, before)
		}
	}
	if got := outcome.Median(nil); !math.IsNaN(got) {
		t.Errorf("Median of nothing: got %v, want NaN", got)
	}
}

func TestRange(t *testing.T) {
	smallest, largest := outcome.Range([]float64{2, 1, 3})
	if smallest != 1 || largest != 3 {
		t.Errorf("got %v..%v, want 1..3", smallest, largest)
	}
	if smallest, largest = outcome.Range(nil); !math.IsNaN(smallest) || !math.IsNaN(largest) {
		t.Errorf("range of nothing: got %v..%v, want NaN", smallest, largest)
	}
}

func TestComparisonsPairRounds(t *testing.T) {
	ours, theirs := []float64{1, 2, 4}, []float64{2, 2, 2}
	for _, test := range []struct {
		name string
		got  []float64
		want []float64
	}{
		{"speedups", outcome.Speedups(ours, theirs), []float64{2, 1, 0.5}},
		{"costs", outcome.Costs(ours, theirs), []float64{0.5, 1, 2}},
		{"shares", outcome.Shares(ours, theirs), []float64{50, 100, 200}},
		{"delays", outcome.Delays(ours, theirs), []float64{-1000, 0, 2000}},
		{"without a peer", outcome.Speedups(ours, nil), []float64{}},
	} {
		if !slices.Equal(test.got, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, test.got, test.want)
		}
	}
}

func TestGoalMet(t *testing.T) {
	higher := outcome.Goal{Unit: outcome.Times, AtLeast: 1.3, Aim: 1.8}
	lower := outcome.Goal{Unit: outcome.Percent, AtLeast: 5, Aim: 2, Lower: true}
	for _, test := range []struct {
		goal         outcome.Goal
		value, bound float64
		want         bool
	}{
		{higher, 1.3, 1.3, true},
		{higher, 1.29, 1.3, false},
		{higher, 2, 1.8, true},
		{lower, 5, 5, true},
		{lower, 5.1, 5, false},
		{lower, 1, 2, true},
		{lower, math.NaN(), 2, false},
		{higher, math.NaN(), 1.3, false},
	} {
		if got := test.goal.Met(test.value, test.bound); got != test.want {
			t.Errorf("Met(%v, %v), lower %v: got %v, want %v", test.value, test.bound, test.goal.Lower, got, test.want)
		}
	}
}

func sample() *outcome.Report {
	r := &outcome.Report{
		Date: time.Date(2018, 11, 30, 12, 0, 0, 0, time.UTC), Version: "dwh 1.2.3", Scale: "small", Rounds: 3,
		Machine: outcome.Machine{
			CPU: "Abacus 3000", Cores: 2, Memory: 24 << 30, System: "Linux 6.1",
			PostgreSQL: "15.18", Go: "go1.26.0",
		},
		Data: outcome.Data{
			Source: "sample", Songs: 100, SongObjects: 90, Events: 2000, EventObjects: 30,
			Plays: 1600, Bytes: 1_500_000_000,
		},
		Rows: []outcome.Row{
			{Name: "load", What: "events", Peer: "psql", Limit: "1.95x", Goal: outcome.Goal{
				Unit: outcome.Times, AtLeast: 1.3, Aim: 1.8,
			},
				Ours: []float64{1, 1, 2}, Theirs: []float64{1.5, 1.4, 2.6}, Values: []float64{1.5, 1.4, 1.3}},
			{
				Name: "fresh", What: "run", Peer: "DuckDB", Limit: "–",
				Goal: outcome.Goal{Unit: outcome.Times, AtLeast: 1, Aim: 1.5}, Ours: []float64{3},
				Missing: "no node",
			},
			{
				Name: "batch", What: "batch", Peer: "empty", Limit: "1.0",
				Goal:   outcome.Goal{Unit: outcome.Times, AtLeast: 2, Aim: 1.2, Lower: true},
				Broken: "counts / differ",
			},
			{
				Name: "memory", What: "peak", Peer: "–", Limit: "–",
				Goal:   outcome.Goal{Unit: outcome.Mebibytes, AtLeast: 256, Aim: 96, Lower: true},
				Values: []float64{100}, Note: "load",
			},
			{
				Name: "report", What: "report", Peer: "psql", Limit: "0 ms",
				Goal:   outcome.Goal{Unit: outcome.Milliseconds, AtLeast: 50, Aim: 15, Lower: true},
				Values: []float64{-3, 12},
			},
			{
				Name: "growth", What: "5 events", Peer: "–", Limit: "–",
				Goal: outcome.Goal{Unit: outcome.SecondsOfMillion}, Values: []float64{7.25},
			},
		},
		Around: []outcome.Around{
			{Rows: "load", Before: 0.1, After: 1.5, Busy: 0.01, Seconds: 12},
			{Rows: "fresh", Before: 1.5, After: 2, Busy: 0.4, Seconds: 3},
		},
	}
	r.Finish()
	return r
}

// cells are the cells of a table's lines, however wide they are drawn, and the other lines as they
// are.
func cells(text, separator string) [][]string {
	var out [][]string
	for line := range strings.Lines(text) {
		parts := strings.Split(strings.ReplaceAll(strings.Trim(strings.TrimSpace(line), "|"), `\|`, "/"), separator)
		for i := range parts {
			parts[i] = strings.TrimSpace(parts[i])
		}
		out = append(out, parts)
	}
	return out
}

func TestWrite(t *testing.T) {
	header := []string{
		"2018-11-30 12:00 UTC, dwh 1.2.3",
		"2 × Abacus 3000, 24 GiB, Linux 6.1, PostgreSQL 15.18, go1.26.0",
		"100 songs in 90 objects, 2000 events in 30 objects (1.50 GB), 1600 plays; sample",
		"scale small; median of 3 alternating rounds, the smallest and largest beside it",
	}
	rows := [][]string{
		{"row", "what", "against", "limit", "measured", "min .. max", "at least", "aim", "dwh / peer"},
		{"load", "events", "psql", "1.95x", "1.40x", "1.30x .. 1.50x", "1.3x met", "1.8x missed", "1.00 s / 1.50 s"},
		{"fresh", "run", "DuckDB", "–", "not measured: no node", "", "1.0x", "1.5x", "3.00 s"},
		{"batch", "batch", "empty", "1.0", "broken: counts / differ", "", "2.0x", "1.2x", ""},
		{"memory", "peak (load)", "–", "–", "100 MiB", "", "256 MiB met", "96 MiB missed", ""},
		{"report", "report", "psql", "0 ms", "+4 ms", "-3 ms .. +12 ms", "+50 ms met", "+15 ms met", ""},
		{"growth", "5 events", "–", "–", "7.2 s a million", "", "–", "–", ""},
	}
	footer := []string{
		"load: load average 0.10 before, 1.50 after; others used 1 % between the pieces; took 12 s",
		"fresh: load average 1.50 before, 2.00 after; others used 40 % between the pieces; took 3 s",
		"warning: the machine was not quiet during fresh: others used 40 % of it",
	}
	for _, test := range []struct {
		format            table.Format
		separator, bullet string
	}{{table.Text, "│", ""}, {table.Markdown, "|", "- "}} {
		var out strings.Builder
		if err := sample().Write(&out, test.format, 0); err != nil {
			t.Fatal(err)
		}
		got := cells(out.String(), test.separator)
		for i := range header {
			if want := test.bullet + header[i]; got[i][0] != want {
				t.Errorf("%s: got %q, want %q", test.format, got[i][0], want)
			}
		}
		for i := range rows {
			at := len(header) + 1 + i
			if i > 0 {
				at++ // the rule under the head
			}
			if !slices.Equal(got[at], rows[i]) {
				t.Errorf("%s: got %q, want %q", test.format, got[at], rows[i])
			}
		}
		for i := range footer {
			if have, want := got[len(got)-len(footer)+i][0], test.bullet+footer[i]; have != want {
				t.Errorf("%s: got %q, want %q", test.format, have, want)
			}
		}
	}
}

func TestBroken(t *testing.T) {
	r := sample()
	if !r.Broken() {
		t.Error("a row that broke: got false, want true")
	}
	r.Rows = slices.DeleteFunc(r.Rows, func(row outcome.Row) bool { return row.Broken != "" })
	if r.Broken() {
		t.Error("missed goals and what is not measured: got true, want false")
	}
}

func TestSave(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bench.json")
	if err := sample().Save(file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"median": 1.4`, `"min": 1.3`, `"max": 1.5`, `"not_measured": "no node"`,
		`"cpu": "Abacus 3000"`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("got %s, want it to contain %s", text, want)
		}
	}
}
