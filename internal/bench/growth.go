package main

import (
	"context"
	"fmt"
	"os"

	"github.com/sparkify/dwh/internal/bench/dataset"
	"github.com/sparkify/dwh/internal/bench/outcome"
)

// growthSteps are the sizes of the fresh runs, as fractions of the scale's events: 1, 5 and 20
// million at the scale large.
func growthSteps() [][2]int { return [][2]int{{1, 5}, {1, 1}, {4, 1}} }

// measureGrowth shows how the fresh run's cost grows with the events, the songs staying as many.
func measureGrowth(ctx context.Context, l *lab, _ wanted) ([]outcome.Row, error) {
	base := l.set
	defer func() { l.set = base }()
	var rows []outcome.Row
	for _, step := range growthSteps() {
		events := l.settings.events * step[0] / step[1]
		dir := l.path(fmt.Sprintf("growth-%d", events))
		set, err := l.generate(ctx, dir, l.settings.songs, events)
		if err != nil {
			return nil, err
		}
		l.set = set
		name := "dwh"
		run := l.onCopy("", side{
			name: name, run: l.runDWH(
				name, fmt.Sprintf("fresh run of %d events", events), nil,
				append([]string{"run"}, l.source()...)...,
			),
			verify: func(ctx context.Context, _ int) error { return l.verifyImplied(ctx, database(name)) },
		})
		took, err := l.once(ctx, run, 0)
		if err != nil {
			return nil, fmt.Errorf("fresh run of %d events: %w", events, err)
		}
		l.say("growth: %d events %.2f s", events, took)
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
		rows = append(rows, outcome.Row{
			Name: "growth", What: fmt.Sprintf(
				"fresh dwh run of %d events and %d songs", set.EventRecords, l.settings.songs,
			), Peer: "–", Limit: "–",
			Goal: outcome.Goal{Unit: outcome.SecondsOfMillion}, Ours: []float64{took}, Values: []float64{
				took / float64(set.EventRecords) * 1e6,
			},
		})
	}
	return rows, nil
}

// generate writes sample data and lays it out in dir.
func (l *lab) generate(ctx context.Context, dir string, songs, events int) (*dataset.Set, error) {
	source := fmt.Sprintf("dwh sample --songs %d --events %d --seed 1", songs, events)
	if set, err := dataset.Open(dir, source); set != nil || err != nil {
		return set, err
	}
	l.say("generating %d songs and %d events", songs, events)
	raw := l.path("sample")
	withSongs, withEvents := dataset.Base(songs, events)
	if _, err := l.dwh(
		ctx,
		child{
			args: []string{
				"sample", "--songs", fmt.Sprint(withSongs), "--events", fmt.Sprint(withEvents),
				"--out", raw,
			},
		},
	); err != nil {
		return nil, err
	}
	set, err := dataset.Make(ctx, raw, dir, source, true)
	if err != nil {
		return nil, fmt.Errorf("lay out the sample: %w", err)
	}
	return set, os.RemoveAll(raw)
}
