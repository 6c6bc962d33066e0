package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sparkify/dwh/internal/bench/outcome"
	"github.com/sparkify/dwh/internal/bench/peer"
)

// measureTransforms compares the first transform of everything, and a replay of what has not
// changed, with SQL tuned by hand.
func measureTransforms(ctx context.Context, l *lab, w wanted) ([]outcome.Row, error) {
	const sql = "hand-tuned SQL, which does not flag, dedupe or heal"
	first := outcome.Row{
		Name: "transforms", What: "the transforms of a fresh dwh run, flags included: its rows " +
			"are staged as processed", Peer: sql, Limit: "1.0",
		Goal: outcome.Goal{Unit: outcome.Times, AtLeast: 1.3, Aim: 1.6},
	}
	again := outcome.Row{
		Name: "replay", What: "replay with the difference, nothing changed", Peer: sql, Limit: "a prototype: 5x",
		Goal: outcome.Goal{Unit: outcome.Times, AtLeast: 1.5, Aim: 1.2, Lower: true},
	}
	if l.psql == "" {
		first.Missing, again.Missing = errNoPSQL.Error(), errNoPSQL.Error()
		return chosen(w, first, again), nil
	}
	want, err := l.implied(ctx)
	if err != nil {
		return nil, err
	}
	script, err := l.write("transform.sql", peer.TransformSQL)
	if err != nil {
		return nil, err
	}
	byHand := l.onCopy(staged, side{
		name: "sql", run: l.runScript("sql", script),
		verify: func(ctx context.Context, _ int) error {
			got, err := l.count(ctx, database("sql"), "peer, public", heldSQL)
			if err != nil {
				return err
			}
			want := want
			want.Events -= want.Deliveries - want.Plays
			return differ("the star of the hand-tuned SQL", got, want)
		},
	})
	fresh := byHand.prepare
	byHand.prepare = func(ctx context.Context) error {
		if err := fresh(ctx); err != nil {
			return err
		}
		return l.exec(
			ctx, database("sql"),
			"DELETE FROM s_songplay_event WHERE ctid = ANY (ARRAY(SELECT place FROM bench.repeated))",
		)
	}
	sides := []side{byHand}
	if w.has(first.Name) {
		sides = append(sides, l.onCopy("", side{
			name: "steps", ours: true,
			run: func(ctx context.Context) (float64, error) {
				r, err := l.dwh(
					ctx,
					child{
						args:     append([]string{"run", "--json", "--no-full-check"}, l.source()...),
						database: database("steps"), measured: "fresh run",
					},
				)
				if err != nil {
					return 0, err
				}
				return stepSeconds(r.stdout)
			},
			verify: func(ctx context.Context, _ int) error { return l.verify(ctx, database("steps"), want) },
		}))
		sides = append(sides, l.onCopy(staged, side{
			name: "transform", ours: true, run: l.runDWH(
				"transform", "first transform", nil,
				append([]string{"transform"}, l.nothingNew()...)...,
			),
			verify: func(ctx context.Context, _ int) error { return l.verify(ctx, database("transform"), want) },
		}))
	}
	if w.has(again.Name) {
		sides = append(sides, l.onCopy(star, side{
			name: "replay", ours: true, run: l.runDWH("replay", "replay", nil, "transform", "--replay"),
			verify: func(ctx context.Context, _ int) error { return l.verify(ctx, database("replay"), want) },
		}))
	}
	seconds, err := l.alternate(ctx, "transforms", l.settings.rounds, sides)
	if err != nil {
		return nil, err
	}
	first.Ours, first.Theirs = seconds["steps"], seconds["sql"]
	first.Values = outcome.Speedups(first.Ours, first.Theirs)
	whole := outcome.Row{
		Name: first.Name, What: "dwh transform of rows that were staged before it, as a whole: " +
			"flags, gate, indexes, start", Peer: sql, Goal: outcome.Goal{Unit: outcome.Times},
		Ours: seconds["transform"], Theirs: first.Theirs,
	}
	whole.Values = outcome.Speedups(whole.Ours, whole.Theirs)
	again.Ours, again.Theirs = seconds["replay"], seconds["sql"]
	again.Values = outcome.Costs(again.Ours, again.Theirs)
	return chosen(w, first, whole, again), nil
}

// stepSeconds is how long the transforms took by what dwh run --json printed. None is an error.
func stepSeconds(printed string) (float64, error) {
	var told struct {
		Transforms []struct {
			Seconds float64 `json:"seconds"`
		} `json:"transforms"`
	}
	if err := json.Unmarshal([]byte(printed), &told); err != nil {
		return 0, fmt.Errorf("what dwh run --json printed: %w", err)
	}
	var sum float64
	for _, step := range told.Transforms {
		sum += step.Seconds
	}
	if sum == 0 {
		return 0, errors.New("dwh run --json tells of no transforms")
	}
	return sum, nil
}

// chosen are those of the rows that are wanted.
func chosen(w wanted, rows ...outcome.Row) []outcome.Row {
	var out []outcome.Row
	for _, row := range rows {
		if w.has(row.Name) {
			out = append(out, row)
		}
	}
	return out
}
