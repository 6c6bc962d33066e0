package cli_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/dwhdb"
)

// What is said of how far work is: rates and times left only where they are more than a guess.
func TestProgressWords(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name     string
		amounts  []cli.Amount // one each second
		after    time.Duration
		expected time.Duration
		want     string
	}{
		{"nothing is known", nil, 3 * time.Second, 0, "3 s"},
		{"a moment", []cli.Amount{{Done: 5, Total: 10}}, 500 * time.Millisecond, 0, "5 of 10, 0 s"},
		{
			"listing", []cli.Amount{{Done: 12000, What: "objects listed"}}, 4 * time.Second, 0,
			"12,000 objects listed, 3,000/s, 4 s",
		},
		{"loading", []cli.Amount{
			{Done: 12 * mib, Total: 27 * mib, Unit: cli.Bytes, Note: "8 objects, 1,200 rows"},
		}, 4 * time.Second, 0,
			"12.0 MiB of 27.0 MiB, 3.0 MiB/s, 4 s, about 5 s left, 8 objects, 1,200 rows"},
		{
			"too early to tell", []cli.Amount{{Done: 12 * mib, Total: 27 * mib, Unit: cli.Bytes}},
			1500 * time.Millisecond, 0, "12.0 MiB of 27.0 MiB, 8.0 MiB/s, 1 s",
		},
		{
			"the list goes on",
			[]cli.Amount{{Done: 12 * mib, Total: 27 * mib, More: true, Unit: cli.Bytes}},
			4 * time.Second, 0, "12.0 MiB of 27.0 MiB or more, 3.0 MiB/s, 4 s",
		},
		{
			"all but done", []cli.Amount{{Done: 27 * mib, Total: 27 * mib, Unit: cli.Bytes}},
			9 * time.Second, 0, "27.0 MiB of 27.0 MiB, 9 s",
		},
		{"loading after listing has a pace of its own", []cli.Amount{
			{Done: 9000, What: "objects listed"}, {Done: 2 * mib, Total: 8 * mib, Unit: cli.Bytes},
			{Done: 4 * mib, Total: 8 * mib, Unit: cli.Bytes},
		},
			3 * time.Second, 0, "4.0 MiB of 8.0 MiB, 1.0 MiB/s, 3 s, about 4 s left"},
		{"as long as last time", nil, 5 * time.Second, 17 * time.Second, "5 s, about 12 s left"},
		{"longer than last time", nil, 70 * time.Second, 17 * time.Second, "1 min 10 s, longer than last time"},
		{"minutes", nil, 10 * time.Second, 10 * time.Minute, "10 s, about 10 min left"},
		{"hours", nil, 4000 * time.Second, 3 * time.Hour, "1 h 6 min, about 1.9 h left"},
	} {
		if got := cli.ProgressWords(c.amounts, c.after, c.expected); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// With little room the time left stays, and what is beside the point goes first.
func TestProgressLineKeepsTimeLeft(t *testing.T) {
	const mib = 1 << 20
	a := cli.Amount{Done: 12 * mib, Total: 27 * mib, Unit: cli.Bytes, Note: "8 objects, 1,200 rows"}
	for width, want := range map[int]string{
		119: "14 of 16  020_s_songplay_event #####.......  44 %  12.0 MiB of 27.0 MiB, 3.0 MiB/s, 4 s, about 5 s left",
		99:  "14 of 16  020_s_songplay_event #####.......  44 %  12.0 MiB of 27.0 MiB, 4 s, about 5 s left",
		79:  "14 of 16  020_s_songplay_event #####.......  44 %  4 s, about 5 s left",
	} {
		env := map[string]string{"LANG": "C"}
		got := cli.ProgressLine("14 of 16  020_s_songplay_event", a, 4*time.Second, width, env)
		if got != want {
			t.Errorf("%d columns: got %q, want %q", width, got, want)
		}
	}
}

// The line fits its terminal, and is ASCII where that is asked for.
func TestProgressLine(t *testing.T) {
	a := cli.Amount{Done: 3, Total: 4, What: "things"}
	for _, c := range []struct {
		width int
		lang  string
		want  string
	}{
		{79, "C.UTF-8", "load                   ███████████████░░░░░  75 %  3 of 4 things, 0 s"},
		{79, "C", "load                   ###############.....  75 %  3 of 4 things, 0 s"},
		{30, "C", "load                   #######"},
		{0, "C", ""},
	} {
		if got := cli.ProgressLine("load", a, 0, c.width, map[string]string{"LANG": c.lang}); got != c.want {
			t.Errorf("%d columns, %s: got %q, want %q", c.width, c.lang, got, c.want)
		}
	}
}

// Without a terminal a line comes every ten seconds at most, and none for what is soon done.
func TestProgressWithoutTerminal(t *testing.T) {
	var stderr bytes.Buffer
	out := cli.NewOutput(&bytes.Buffer{}, &stderr, nil)
	p := out.Progress("load", nil)
	p.Show(cli.Amount{Done: 100, Total: 2048, Unit: cli.Bytes})
	p.Done()
	if stderr.Len() > 0 {
		t.Errorf("got %q, want nothing about what is soon done", stderr.String())
	}
	for second := range 61 {
		cli.Tick(
			p, cli.Amount{Done: int64(second) * 10, Total: 1000, Unit: cli.Bytes},
			time.Duration(second)*time.Second,
		)
	}
	lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
	if got, want := len(lines), 6; got != want {
		t.Errorf("got %d lines in a minute, want %d: %q", got, want, lines)
	}
	if got, want := lines[0], "load: 100 B of 1000 B, "; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want it to begin with %q", got, want)
	}

	stderr.Reset()
	out.Quiet = true
	p = out.Progress("load", nil)
	p.Show(cli.Amount{Done: 10, Total: 10})
	p.Done()
	out.Status("quiet")
	if stderr.Len() > 0 {
		t.Errorf("got %q, want nothing when quiet", stderr.String())
	}
}

// Done waits for whoever asks how long the work takes.
func TestProgressEnds(t *testing.T) {
	out := cli.NewOutput(&bytes.Buffer{}, &bytes.Buffer{}, nil)
	p := out.Progress("work", func(ctx context.Context) time.Duration { <-ctx.Done(); return 0 })
	p.Done()
	p.Done()
}

func TestExpectedDuration(t *testing.T) {
	at := time.Date(2018, 11, 1, 0, 0, 0, 0, time.UTC)
	step := func(name, outcome string, rows int64, took time.Duration) dwhdb.DwhStep {
		ended := at.Add(took)
		return dwhdb.DwhStep{Step: name, Outcome: outcome, RowsIn: &rows, StartedAt: at, EndedAt: &ended}
	}
	steps := []dwhdb.DwhStep{
		step("110_d_song", "rolled back", 1000, time.Hour),
		step("110_d_song", "done", 10, time.Millisecond),
		step("210_f_songplay", "done", 1000, time.Minute),
		step("110_d_song", "done", 1000, 10*time.Second),
		step("110_d_song", "done", 1000, 99*time.Second),
		{Step: "120_d_artist", Outcome: "done", StartedAt: at},
	}
	for _, c := range []struct {
		step string
		rows int64
		want time.Duration
	}{
		{"110_d_song", 1000, 10 * time.Second},
		{"110_d_song", 1500, 15 * time.Second},
		{"110_d_song", 100_000, 0},
		{"110_d_song", 100, 0},
		{"120_d_artist", 100, 0},
		{"130_d_user", 1000, 0},
	} {
		if got := cli.ExpectedDuration(steps, c.step, c.rows); got != c.want {
			t.Errorf("%s with %d rows: got %s, want %s", c.step, c.rows, got, c.want)
		}
	}
}
