package transform

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/check"
)

// screening takes the looks that stand before checks, when the first of them comes up. It is for checks of one transaction, between which nothing is
// written and the same tables are seen.
type screening struct {
	r        *Runner
	sight    *check.Sight
	settings check.Settings
	members  map[*check.Screen]int
}

func (r *Runner) newScreening(sight *check.Sight, settings check.Settings, checks []check.Check) screening {
	s := screening{r: r, sight: sight, settings: settings, members: map[*check.Screen]int{}}
	for _, one := range checks {
		s.members[one.Screen]++
	}
	return s
}

// covers tells whether looks come before the check, which sees tables narrowed or not.
func (s screening) covers(one check.Check, narrowed bool) bool {
	screen := one.Screen
	return screen != nil && screen.On(s.r.Engine) && s.members[screen] >= screen.From && !(screen.Whole && narrowed)
}

// passes tells that a check which looks cover has nothing to find. Otherwise it has to be made.
func (s screening) passes(ctx context.Context, tx pgx.Tx, one check.Check, narrowed bool) (clean bool, err error) {
	err = s.r.grouping(ctx, tx, one, func() error {
		clean, err = one.Screen.Clean(ctx, s.sight, narrowed, s.settings)
		return err
	})
	return clean, err
}

// checkAll makes checks over everything, one after the other, but those that the server itself makes good: nil where it makes none.
func (r *Runner) checkAll(ctx context.Context, tx pgx.Tx, sight *check.Sight, checks []check.Check, settings check.Settings, enforced func(check.Check) bool) (results []check.Result, err error) {
	screen := r.newScreening(sight, settings, checks)
	for _, one := range checks {
		done := enforced != nil && enforced(one)
		if !done && screen.covers(one, false) {
			if done, err = screen.passes(ctx, tx, one, false); err != nil {
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
