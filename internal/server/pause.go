package server

import (
	"context"
	"math/rand/v2"
	"time"
)

// The pauses after failures: they double from the first to the longest.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 30 * time.Second
)

// pauseAfter is how long to wait after the nth failure in a row, from 1: half of it fixed, half of
// it random, so that many servers do not come back at once.
func pauseAfter(n int, longest time.Duration) time.Duration {
	d := longest
	if n < 30 {
		d = min(longest, firstPause<<max(n-1, 0))
	}
	return d/2 + rand.N(d/2+1)
}

// sleep waits, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
