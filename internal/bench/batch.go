package main

import (
	"context"
	"fmt"

	"github.com/sparkify/dwh/internal/bench/outcome"
)

// measureBatch compares a small batch on the whole warehouse with the same on an empty one: whether
// cost follows the batch.
func measureBatch(ctx context.Context, l *lab, _ wanted) ([]outcome.Row, error) {
	want, err := l.implied(ctx)
	if err != nil {
		return nil, err
	}
	args := append([]string{"transform"}, l.batch()...)
	seconds, err := l.alternate(ctx, "batch", l.settings.rounds, []side{
		l.onCopy(star, side{
			name: "full", ours: true, run: l.runDWH("full", "small batch", nil, args...),
			verify: func(ctx context.Context, round int) error {
				if round > 0 {
					return nil
				}
				got, err := l.count(ctx, database("full"), "public", heldSQL)
				if err != nil {
					return err
				}
				if got.Events != want.Events+l.set.BatchRecords || got.Songs <= want.Songs && l.set.BatchObjects > 0 {
					return &differenceError{
						fmt.Sprintf(
							"the batch brought %d events and %d songs", got.Events-want.Events,
							got.Songs-want.Songs,
						),
					}
				}
				return l.verifyImplied(ctx, database("full"))
			},
		}),
		l.onCopy(migrated, side{
			name: "empty", run: l.runDWH("empty", "", nil, args...),
			verify: func(ctx context.Context, _ int) error { return l.verifyImplied(ctx, database("empty")) },
		}),
	})
	if err != nil {
		return nil, err
	}
	row := outcome.Row{
		Name: "batch", What: fmt.Sprintf(
			"%d events and %d song objects on the whole warehouse", l.set.BatchRecords,
			l.set.BatchObjects,
		), Peer: "the same on an empty one",
		Limit: "1.0", Goal: outcome.Goal{
			Unit: outcome.Times, AtLeast: 1.6, Aim: 1.2, Lower: true,
		}, Ours: seconds["full"], Theirs: seconds["empty"],
	}
	row.Values = outcome.Costs(row.Ours, row.Theirs)
	return []outcome.Row{row}, nil
}
