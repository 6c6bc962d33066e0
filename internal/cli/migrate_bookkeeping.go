package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/sparkify/dwh/internal/bookkeeping"
)

// statusJSON is an item of "dwh migrate status --json". The first one is dwh's own tables as a
// whole, by the name of bookkeeping: applied is false while "dwh migrate up" would change them too.
type statusJSON struct {
	Version   int64   `json:"version"`
	Name      string  `json:"name"`
	Applied   bool    `json:"applied"`
	AppliedAt *string `json:"applied_at"`
}

func newStatusJSON(version int64, name string, applied bool, at time.Time) statusJSON {
	out := statusJSON{Version: version, Name: name, Applied: applied}
	if applied {
		text := at.UTC().Format("2006-01-02T15:04:05Z")
		out.AppliedAt = &text
	}
	return out
}

func bookkeepingStatus(state bookkeeping.State) statusJSON {
	return newStatusJSON(state.Version, bookkeeping.Name, state.Current(), state.At)
}

func newMigrateJSON() migrateJSON {
	return migrateJSON{Bookkeeping: []migrationJSON{}, Migrations: []migrationJSON{}, ReplayNeeded: []string{}}
}

// planBookkeeping lists what a change of the schema first does to dwh's own tables, and without
// --json prints it.
func (m migrateRun) planBookkeeping(ctx context.Context) ([]migrationJSON, error) {
	out := []migrationJSON{}
	pending, err := m.migrator.PendingBookkeeping(ctx)
	if err != nil {
		return nil, err
	}
	for _, migration := range pending {
		text, err := m.migrator.BookkeepingSQL(ctx, migration.Version)
		if err != nil {
			return nil, err
		}
		out = append(
			out,
			migrationJSON{Version: migration.Version, Name: migration.Name, Direction: direction(true), SQL: text},
		)
		if m.json {
			continue
		}
		if _, err := fmt.Fprintf(m.out.Stdout, "-- %s (Up)\n%s\n", migration.Name, text); err != nil {
			return nil, err
		}
	}
	return out, nil
}
