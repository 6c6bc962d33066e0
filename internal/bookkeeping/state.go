package bookkeeping

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
)

// A State says which version of dwh's own tables a warehouse has.
type State struct {
	Version int64     // of the newest migration that is applied; 0 for none
	Newest  int64     // that this dwh works with
	At      time.Time // when the newest one was applied; zero for none, and where nobody knows
}

// Current tells whether every migration of this dwh is applied.
func (s State) Current() bool { return s.Version >= s.Newest }

// String is such as "version 2, current".
func (s State) String() string {
	switch {
	case s.Current():
		return fmt.Sprintf("version %d, current", s.Version)
	case s.Version == 0:
		return fmt.Sprintf("not there yet, version %d is pending", s.Newest)
	}
	return fmt.Sprintf("version %d, version %d is pending", s.Version, s.Newest)
}

// A ForeignError says that dwh cannot work with the tables that a warehouse has.
type ForeignError struct {
	Msg    string // what is wrong with the tables
	Advice string // what to do next
}

func (e *ForeignError) Error() string { return e.Msg }

// Hint says what to do next.
func (e *ForeignError) Hint() string { return e.Advice }

// A DB is a pool or a connection.
type DB interface {
	// Query sends a query with args for $1, $2 and so on. The caller closes the rows.
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	// QueryRow is Query for one row. Errors come from the row's Scan.
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// tables finds those of dwh's tables that the migrations make, and both version tables, in the
// schema that is worked in.
const tables = `
	SELECT CAST(c.relname AS VARCHAR(127))
	FROM pg_class AS c
	INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
	WHERE n.nspname = current_schema()
		AND c.relname IN (
			's_object', 's_reject', 'dwh_run', 'dwh_step', 'dwh_check', 'dwh_transform', 'dwh_stale',
			'dwh_lease', 'dwh_db_version', 'goose_db_version'
		)
	ORDER BY 1`

// Read returns the state and changes nothing. The error is a *ForeignError where the tables are
// those of an earlier build of dwh, of a newer dwh, or of somebody else.
func Read(ctx context.Context, db DB) (State, error) {
	state := State{Newest: Newest()}
	rows, err := db.Query(ctx, tables)
	if err != nil {
		return state, fmt.Errorf("look for the bookkeeping: %w", err)
	}
	there, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return state, fmt.Errorf("look for the bookkeeping: %w", err)
	}
	// The tables were looked for before the version is read: another dwh commits both together, so
	// that tables without a version are not what it is making at this moment.
	versioned, project, first := false, false, ""
	for _, name := range there {
		switch {
		case name == VersionTable:
			versioned = true
		case !Owns(name): // goose's table of the project
			project = true
		case first == "":
			first = name
		}
	}
	if versioned {
		if state.Version, state.At, err = version(ctx, db, VersionTable); err != nil {
			return state, err
		}
	}
	if state.Version > state.Newest {
		return state, &ForeignError{
			Msg: fmt.Sprintf(
				"the bookkeeping of this warehouse was made by a newer dwh: it has version %d, and this dwh knows "+
					"version %d",
				state.Version, state.Newest,
			),
			Advice: "use the newer dwh",
		}
	}
	if state.Version > 0 || first == "" {
		return state, nil
	}
	var applied int64
	if project {
		if applied, _, err = version(ctx, db, goose.DefaultTablename); err != nil {
			return state, err
		}
	}
	if applied > 0 {
		return state, &ForeignError{
			Msg: "this warehouse was made by an earlier, unreleased build of dwh, and this dwh cannot upgrade it",
			Advice: "use that build to read it, or load again into a new database; dwh local reset --yes empties " +
				"the private PostgreSQL",
		}
	}
	return state, &ForeignError{
		Msg: fmt.Sprintf(
			"dwh did not make the table %s, but it needs that name for its own records",
			first,
		),
		Advice: "rename the table, or give dwh its own database or schema",
	}
}

// version reads the newest version in one of goose's tables, and when it was applied.
func version(ctx context.Context, db DB, table string) (version int64, at time.Time, err error) {
	var applied *time.Time
	err = db.QueryRow(ctx, "SELECT COALESCE(MAX(version_id), 0), MAX(tstamp) FROM "+table).Scan(&version, &applied)
	if err != nil {
		return 0, at, fmt.Errorf("read %s: %w", table, err)
	}
	if applied != nil && version > 0 {
		at = *applied
	}
	return version, at, nil
}
