package transform

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/objectstore"
)

// Retried is an object's given-up version that the ledger has forgotten.
type Retried struct {
	Table   string
	Outcome string // what it was: quarantined or skipped
}

// A RetryError says why there is nothing to try again.
type RetryError struct {
	URL    objectstore.URL
	Loaded bool // it was loaded; else the ledger does not know it
}

func (e *RetryError) Error() string {
	if e.Loaded {
		return fmt.Sprintf("%s was loaded, and neither quarantined nor skipped", e.URL)
	}
	return fmt.Sprintf("%s was neither quarantined nor skipped", e.URL)
}

// Hint says how the object is loaded then.
func (e *RetryError) Hint() string {
	if e.Loaded {
		return "an object is loaded once; it is loaded again when it is rewritten"
	}
	return `the next load tries it anyway, if it is there; see "dwh reject list" for how URLs are written`
}

// Retry forgets that an object was quarantined or skipped, for the tables or, when there are none, for all: the next load tries it again. What
// was loaded of it stays known. A *RetryError says that there is nothing to forget.
func (r *Runner) Retry(ctx context.Context, command string, url objectstore.URL, tables []string) ([]Retried, error) {
	wanted := map[string]bool{}
	for _, name := range tables {
		wanted[name] = true
	}
	var out []Retried
	_, err := r.journaled(ctx, command, func(conn *pgx.Conn, j *journal, _ *Result) error {
		return r.write(ctx, conn, j, func(tx pgx.Tx) error {
			out = nil
			db := dwhdb.New(tx)
			rows, err := db.LedgerOf(ctx, string(url))
			if err != nil {
				return fmt.Errorf("read ledger: %w", err)
			}
			loaded := false
			for _, row := range rows {
				if len(wanted) > 0 && !wanted[row.TableName] {
					continue
				}
				if row.Outcome != objectQuarantined && row.Outcome != objectSkipped {
					loaded = true
					continue
				}
				out = append(out, Retried{Table: row.TableName, Outcome: row.Outcome})
				if _, err := db.ForgetGivenUp(ctx, string(url), row.TableName); err != nil {
					return fmt.Errorf("write ledger: %w", err)
				}
			}
			if len(out) == 0 {
				return &RetryError{URL: url, Loaded: loaded}
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
