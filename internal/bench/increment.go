package main

import (
	"context"
	"errors"
)

// incrementRun is one more percent of events, in the same folder as the base's, on the whole
// warehouse.
func (l *lab) incrementRun(want counts) side {
	var takeBack func() error
	s := l.onCopy(star, side{
		name: "increment", ours: true, run: l.runDWH(
			"increment", "one more percent", nil, append([]string{"transform"}, l.source()...)...,
		),
		verify: func(ctx context.Context, round int) error {
			if err := l.verifyStaged(
				ctx, database("increment"), want.Songs, want.Events+l.set.LateRecords,
			); err != nil || round > 0 {
				return err
			}
			return l.verifyImplied(ctx, database("increment"))
		},
	})
	fresh, drop := s.prepare, s.discard
	s.prepare = func(ctx context.Context) (err error) {
		if err := fresh(ctx); err != nil {
			return err
		}
		takeBack, err = l.set.Deliver()
		return err
	}
	s.discard = func(ctx context.Context) error { return errors.Join(takeBack(), drop(ctx)) }
	return s
}
