package transform

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/check"
)

// screenFrom is how many checks one look has to stand for; fewer are made by themselves.
const screenFrom = 3

// screening makes one look for the checks that share one, when the first of them comes up. It is for checks of one transaction, between which nothing is
// written and the same tables are seen.
type screening struct {
	members map[*check.Screen]int
	clean   map[*check.Screen]bool
}

func newScreening(checks []check.Check) screening {
	s := screening{members: map[*check.Screen]int{}, clean: map[*check.Screen]bool{}}
	for _, one := range checks {
		s.members[one.Screen]++
	}
	return s
}

// covers tells whether a check shares a look with enough others.
func (s screening) covers(one check.Check) bool {
	return one.Screen != nil && s.members[one.Screen] >= screenFrom
}

// passes tells that a check has nothing to find. Otherwise it has to be made.
func (s screening) passes(ctx context.Context, tx pgx.Tx, one check.Check) (bool, error) {
	if !s.covers(one) {
		return false, nil
	}
	clean, looked := s.clean[one.Screen]
	if looked {
		return clean, nil
	}
	clean, err := one.Screen.Clean(ctx, tx)
	if err != nil {
		return false, err
	}
	s.clean[one.Screen] = clean
	return clean, nil
}

// checkAll makes checks over everything, one after the other, but those that the server itself makes good: nil where it makes none.
func (r *Runner) checkAll(ctx context.Context, tx pgx.Tx, checks []check.Check, settings check.Settings, enforced func(check.Check) bool) (results []check.Result, err error) {
	screen := newScreening(checks)
	for _, one := range checks {
		done := enforced != nil && enforced(one)
		if !done {
			if done, err = screen.passes(ctx, tx, one); err != nil {
				return results, err
			}
		}
		result := check.Result{Check: one}
		if !done {
			if result, err = r.check(ctx, tx, one, settings); err != nil {
				return results, err
			}
		}
		results = append(results, result)
	}
	return results, nil
}
