package check

import (
	"context"
	"fmt"
	"math/big"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// A Screen is looks at tables that are cheaper than the checks that have it as theirs, and may tell that none of them has anything to find.
type Screen struct {
	// From is how many checks the looks have to stand for; fewer are cheaper made by themselves.
	From int
	// Whole says that it is for whole tables: over what a run touched, the check is cheap.
	Whole bool

	postgres bool // the SQL is PostgreSQL's
	texts    []string
	clean    func(ctx context.Context, s *Sight, narrowed bool, settings Settings) (bool, error)
}

// SQL is the text of its queries.
func (s *Screen) SQL() string { return strings.Join(s.texts, ";\n") }

// On tells whether the engine can take the looks.
func (s *Screen) On(engine sqlfile.Engine) bool { return !s.postgres || engine == sqlfile.Postgres }

// Clean tells that none of the checks has a violation. Where it is false, each of them has to be made. narrowed says that they see less than whole tables.
func (s *Screen) Clean(ctx context.Context, sight *Sight, narrowed bool, settings Settings) (bool, error) {
	clean, err := s.clean(ctx, sight, narrowed, settings)
	if err != nil {
		return false, fmt.Errorf("screen: %w", err)
	}
	return clean, nil
}

// A look is a query of one row of whole numbers, some of them as text.
type look struct{ sql string }

// A Sight takes looks, and remembers what it saw. It is for one transaction, in which nothing that it sees is written, and for tables that stay narrowed or not.
type Sight struct {
	db     query.Querier
	engine sqlfile.Engine
	seen   map[*look]map[string]*big.Int
}

// NewSight is one that has seen nothing.
func NewSight(db query.Querier, engine sqlfile.Engine) *Sight {
	return &Sight{db: db, engine: engine, seen: map[*look]map[string]*big.Int{}}
}

// take takes a look, unless it was taken: what was seen, by column. NULL is 0.
func (s *Sight) take(ctx context.Context, one *look) (map[string]*big.Int, error) {
	if seen := s.seen[one]; seen != nil {
		return seen, nil
	}
	rows, err := s.db.Query(ctx, one.sql)
	if err != nil {
		return nil, err
	}
	values, err := pgx.CollectExactlyOneRow(rows, pgx.RowToMap)
	if err != nil {
		return nil, err
	}
	numbers := map[string]*big.Int{}
	for name, value := range values {
		number, ok := new(big.Int), true
		if value != nil {
			number, ok = number.SetString(fmt.Sprint(value), 10)
		}
		if !ok {
			return nil, fmt.Errorf("%s is %v, and no whole number", name, value)
		}
		numbers[name] = number
	}
	s.seen[one] = numbers
	return numbers, nil
}

// suspects looks at every row of f_songplay once, for the checks that would each look at every row by itself.
func suspects() *Screen {
	return &Screen{From: 3, texts: []string{narrowHeld.sql}, clean: func(ctx context.Context, s *Sight, narrowed bool, _ Settings) (bool, error) {
		one := narrowHeld
		if s.engine == sqlfile.Postgres && !narrowed {
			one = held
		}
		seen, err := s.take(ctx, one)
		return err == nil && seen["suspects"].Sign() == 0, err
	}}
}

// seen tells what a look has to say that others have taken. Where they have not, the check is as cheap.
func seen(one *look, clean func(seen map[string]*big.Int, settings Settings) bool) *Screen {
	return &Screen{From: 1, Whole: true, postgres: true, clean: func(_ context.Context, s *Sight, _ bool, settings Settings) (bool, error) {
		numbers := s.seen[one]
		return numbers != nil && clean(numbers, settings), nil
	}}
}

// enough tells whether enough plays know their song.
func enough() *Screen {
	return seen(held, func(seen map[string]*big.Int, settings Settings) bool {
		plays, matched := seen["plays"].Int64(), seen["matched"].Int64()
		return plays == 0 || float64(matched)/float64(plays) >= settings.MatchedShare
	})
}
