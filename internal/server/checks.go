package server

import (
	"context"
	"slices"
	"time"

	"github.com/sparkify/dwh/internal/check"
)

// What makes a check one that is made with the batches: its severity is warn, since checks of error
// severity gate each commit, and it took no longer than cheap the last time.
const (
	cheap = 100 * time.Millisecond
	// refreshPause is the least time between two rounds of them.
	refreshPause = time.Second
)

// wantRefresh asks for the cheap checks to be made; it does not wait for them.
func (s *Server) wantRefresh() {
	select {
	case s.refresh <- struct{}{}:
	default: // asked for already
	}
}

// refreshChecks makes the cheap checks whenever a batch was committed, until ctx ends. What fails
// is left to the full check, which tells it.
func (s *Server) refreshChecks(ctx context.Context) error {
	costs := map[string]time.Duration{}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.refresh:
		}
		settings := s.Runner.Settings
		settings.Now = time.Now()
		for _, c := range s.Runner.Checks {
			if c.Severity != check.Warn || costs[c.Name] > cheap {
				continue
			}
			began := time.Now()
			result, err := c.Run(ctx, s.Pool, settings)
			costs[c.Name] = time.Since(began)
			if err != nil {
				s.Logger.Debug("a check could not run after a batch", "check", c.Name, "error", err)
				continue
			}
			s.checked([]check.Result{result}, time.Now())
		}
		if err := sleep(ctx, refreshPause); err != nil {
			return err
		}
	}
}

// checked shows what checks found.
func (s *Server) checked(results []check.Result, at time.Time) {
	s.board.change(func(state *State) {
		shown := slices.Clone(state.Checks) // readers hold the old one
		for _, result := range results {
			s.metrics.checks.WithLabelValues(
				result.Check.Name, string(result.Check.Severity),
			).Set(float64(result.Violations))
			found := CheckState{
				Name: result.Check.Name, Description: result.Check.Description, Severity: result.Check.Severity,
				Outcome: result.Outcome(), Violations: result.Violations, At: at,
			}
			if k := slices.IndexFunc(shown, func(c CheckState) bool { return c.Name == found.Name }); k >= 0 {
				shown[k] = found
			} else {
				shown = append(shown, found)
			}
		}
		state.Checks = shown
	})
}
