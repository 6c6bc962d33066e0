package transform

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/check"
)

// screening makes one look for the checks that share one, when the first of them comes up. It is for checks of one transaction, between which nothing is
// written and the same tables are seen.
type screening struct {
	r       *Runner
	members map[*check.Screen]int
	clean   map[*check.Screen]bool
}

func (r *Runner) newScreening(checks []check.Check) screening {
	s := screening{r: r, members: map[*check.Screen]int{}, clean: map[*check.Screen]bool{}}
	for _, one := range checks {
		s.members[one.Screen]++
	}
	return s
}

// covers tells whether a look comes before the check, which sees tables narrowed or not.
func (s screening) covers(one check.Check, narrowed bool) bool {
	look := one.Screen
	return look != nil && look.On(s.r.Engine) && s.members[look] >= look.From && !(look.Whole && narrowed)
}

// passes tells that a check which a look covers has nothing to find. Otherwise it has to be made.
func (s screening) passes(ctx context.Context, tx pgx.Tx, one check.Check) (bool, error) {
	clean, looked := s.clean[one.Screen]
	if looked {
		return clean, nil
	}
	err := s.r.grouping(ctx, tx, one, func() (err error) {
		clean, err = one.Screen.Clean(ctx, tx)
		return err
	})
	if err != nil {
		return false, err
	}
	s.clean[one.Screen] = clean
	return clean, nil
}

// checkAll makes checks over everything, one after the other, but those that the server itself makes good: nil where it makes none.
func (r *Runner) checkAll(ctx context.Context, tx pgx.Tx, checks []check.Check, settings check.Settings, enforced func(check.Check) bool) (results []check.Result, err error) {
	screen := r.newScreening(checks)
	for _, one := range checks {
		done := enforced != nil && enforced(one)
		if !done && screen.covers(one, false) {
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
