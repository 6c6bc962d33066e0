package check

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// A Screen is a look at tables that is cheaper than the checks that have it as theirs, and may tell that none of them has anything to find.
type Screen struct {
	// From is how many checks the look has to stand for; fewer are cheaper made by themselves.
	From int
	// Whole says that it is for whole tables: over what a run touched, the check is cheap.
	Whole bool

	postgres bool // the look's SQL is PostgreSQL's
	texts    []string
	clean    func(ctx context.Context, db query.Querier) (bool, error)
}

// SQL is the text of its queries.
func (s *Screen) SQL() string { return strings.Join(s.texts, ";\n") }

// On tells whether the engine can take the look.
func (s *Screen) On(engine sqlfile.Engine) bool { return !s.postgres || engine == sqlfile.Postgres }

// Clean tells that none of the checks has a violation. Where it is false, each of them has to be made.
func (s *Screen) Clean(ctx context.Context, db query.Querier) (bool, error) {
	clean, err := s.clean(ctx, db)
	if err != nil {
		return false, fmt.Errorf("screen: %w", err)
	}
	return clean, nil
}

// suspects looks at every row of a table once for checks that would each look at every row of it by itself. The query counts the rows that may violate any
// of them.
func suspects(sql string) *Screen {
	return &Screen{From: 3, texts: []string{sql}, clean: func(ctx context.Context, db query.Querier) (bool, error) {
		rows, err := db.Query(ctx, sql)
		if err != nil {
			return false, err
		}
		suspects, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64])
		return suspects == 0, err
	}}
}
