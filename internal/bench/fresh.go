package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/sparkify/dwh/internal/bench/machine"
	"github.com/sparkify/dwh/internal/bench/outcome"
	"github.com/sparkify/dwh/internal/bench/peer"
)

// freshRun is dwh's main job on an empty database.
func (l *lab) freshRun(want counts) side {
	return l.onCopy("", side{
		name: "dwh", ours: true, run: l.runDWH("dwh", "fresh run", nil, append([]string{"run"}, l.source()...)...),
		verify: func(ctx context.Context, _ int) error { return l.verify(ctx, database("dwh"), want) },
	})
}

// measureFresh compares the whole way from objects to a checked star with DuckDB's, and one more
// percent of events with that way.
func measureFresh(ctx context.Context, l *lab, w wanted) ([]outcome.Row, error) {
	want, err := l.implied(ctx)
	if err != nil {
		return nil, err
	}
	row := outcome.Row{
		Name: "fresh", What: "fresh dwh run from a folder: migrate, load, transform, flag, check",
		Peer: "DuckDB, duckstar.mjs", Limit: "–",
		Goal: outcome.Goal{Unit: outcome.Times, AtLeast: 0.9, Aim: 1.2},
	}
	more := outcome.Row{
		Name: "increment", What: fmt.Sprintf(
			"%d more events (1 %%) by dwh transform, file discovery and gate included",
			l.set.LateRecords,
		), Peer: "the fresh run",
		Limit: "4.5 % without file discovery", Goal: outcome.Goal{
			Unit: outcome.Percent, AtLeast: 4, Aim: 2, Lower: true,
		},
	}
	sides := []side{l.freshRun(want)}
	if w.has(row.Name) {
		duck, err := l.duckDB(ctx, want)
		if err != nil {
			row.Missing = err.Error()
		} else {
			sides = append(sides, duck)
		}
	}
	if w.has(more.Name) {
		sides = append(sides, l.incrementRun(want))
	}
	seconds, err := l.alternate(ctx, "fresh", l.settings.rounds, sides)
	if err != nil {
		return nil, err
	}
	row.Ours, row.Theirs = seconds["dwh"], seconds["duckdb"]
	row.Values = outcome.Speedups(row.Ours, row.Theirs)
	more.Ours, more.Theirs = seconds["increment"], seconds["dwh"]
	more.Values = outcome.Shares(more.Ours, more.Theirs)
	return chosen(w, row, more), nil
}

// duckDB is DuckDB's way to the star; the error says what it lacks.
func (l *lab) duckDB(ctx context.Context, want counts) (side, error) {
	if l.settings.duckdb == "" {
		return side{}, errors.New("--duckdb does not name a folder with DuckDB's node_modules")
	}
	folder, err := filepath.Abs(l.settings.duckdb)
	if err != nil {
		return side{}, err
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return side{}, errors.New("there is no node in PATH")
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "@duckdb", "node-api")); err != nil {
		return side{}, fmt.Errorf("%s has no node_modules/@duckdb/node-api", l.settings.duckdb)
	}
	script, err := l.write("duckstar.mjs", peer.DuckStar)
	if err != nil {
		return side{}, err
	}
	file := l.path("star.duckdb")
	var printed string
	return side{
		name: "duckdb",
		run: func(ctx context.Context) (float64, error) {
			r, err := l.start(
				ctx, node,
				child{args: []string{script, l.set.Dir, file, strconv.Itoa(machine.Cores())}, dir: folder},
			)
			printed = r.stdout
			if err != nil {
				return 0, fmt.Errorf("node: %w", err)
			}
			return r.seconds, nil
		},
		verify: func(context.Context, int) error { return verifyDuck(printed, want) },
		discard: func(context.Context) error {
			return errors.Join(os.RemoveAll(file), os.RemoveAll(file+".wal"))
		},
	}, nil
}

// verifyDuck compares what DuckDB counted; it keeps plays that were delivered twice.
func verifyDuck(printed string, want counts) error {
	var rows map[string]int64
	if err := json.Unmarshal([]byte(printed), &rows); err != nil {
		return fmt.Errorf("what duckstar.mjs printed: %w", err)
	}
	want.Plays = want.Deliveries
	return differ("DuckDB's star", counts{
		Songs: rows["s_song"], Events: rows["s_songplay_event"], StarSongs: rows["d_song"],
		Artists: rows["d_artist"], Users: rows["d_user"], Hours: rows["d_time"],
		Plays: rows["f_songplay"],
	}, want)
}
