package migration

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// An OrderError says that the files do not continue what the warehouse has applied.
type OrderError struct {
	Msg    string
	Advice string // "" where Msg says what to do
}

func (e *OrderError) Error() string { return e.Msg }

// Hint says what to do about it.
func (e *OrderError) Hint() string { return e.Advice }

// applied lists the versions that the warehouse has, in ascending order: also those whose file is
// gone. The version table must exist, as Status sees to.
func (m *Migrator) applied(ctx context.Context) ([]int64, error) {
	var versions []int64
	err := m.reading(ctx, func(ctx context.Context) error {
		rows, err := m.pool.Query(
			ctx, "SELECT DISTINCT version_id FROM "+m.project.table+" WHERE version_id > 0 ORDER BY version_id",
		)
		if err != nil {
			return err
		}
		versions, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the applied migrations: %w", err)
	}
	return versions, nil
}

// name returns the file's name of a version, "" where no file has it.
func (h *history) name(version int64) string {
	for _, source := range h.provider.ListSources() {
		if source.Version == version {
			return source.Path
		}
	}
	return ""
}

// CheckUp returns an *OrderError where a pending migration up to a version is older than one that
// is applied.
func (m *Migrator) CheckUp(ctx context.Context, to int64) error {
	all, err := m.list(ctx)
	if err != nil {
		return err
	}
	applied, err := m.applied(ctx)
	if err != nil || len(applied) == 0 {
		return err
	}
	newest := applied[len(applied)-1]
	for _, pending := range all {
		if pending.Applied || pending.Version > to || pending.Version > newest {
			continue
		}
		name := m.project.name(newest)
		if name == "" {
			name = fmt.Sprintf("version %d", newest)
		}
		return &OrderError{Msg: fmt.Sprintf(
			"%s is pending and older than %s, which is applied; give it a higher number", pending.Name, name,
		)}
	}
	return nil
}

// CheckDown returns an *OrderError where a migration above a version is applied and its file is
// gone, so that nothing says how to revert it.
func (m *Migrator) CheckDown(ctx context.Context, version int64) error {
	if _, err := m.list(ctx); err != nil { // makes the version table
		return err
	}
	applied, err := m.applied(ctx)
	if err != nil {
		return err
	}
	for _, v := range slices.Backward(applied) {
		if v > version && m.project.name(v) == "" {
			return m.gone(v)
		}
	}
	return nil
}

// Gone returns an *OrderError where the file of the newest applied migration is gone.
func (m *Migrator) Gone(ctx context.Context) error {
	_, err := m.previous(ctx)
	return err
}

func (m *Migrator) gone(version int64) *OrderError {
	return &OrderError{
		Msg: fmt.Sprintf("migration %d is applied, but %s has no file with this number", version, m.project.dir),
		Advice: fmt.Sprintf("put the file back, or give it the number %d again if it was renumbered",
			version),
	}
}

// Previous is the version below the newest applied one: what Down and Redo go back to. It is -1
// when nothing is applied. An *OrderError says that the file of the newest one is gone.
func (m *Migrator) Previous(ctx context.Context) (int64, error) {
	if _, err := m.Status(ctx); err != nil {
		return 0, err
	}
	return m.previous(ctx)
}

func (m *Migrator) previous(ctx context.Context) (int64, error) {
	applied, err := m.applied(ctx)
	if err != nil {
		return 0, err
	}
	switch n := len(applied); {
	case n == 0:
		return -1, nil
	case m.project.name(applied[n-1]) == "":
		return 0, m.gone(applied[n-1])
	case n == 1:
		return 0, nil
	default:
		return applied[n-2], nil
	}
}
