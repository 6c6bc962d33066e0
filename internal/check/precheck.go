package check

import (
	"context"
	"fmt"
	"math/big"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/query"
)

// A Precheck is a cheap proof that a check has no violation in whole tables. Where it proves
// nothing, the check runs. Its queries are PostgreSQL's: it is not made on Redshift.
type Precheck struct {
	// Queries give one row of whole numbers each, some of them as text. Checks may share a query,
	// which runs once for all of them.
	Queries []*query.Query
	// Shared says that the precheck is made only where its queries have run for another check: the
	// check by itself is no dearer.
	Shared bool
	// Clean tells from the rows of the queries whether the check has no violation.
	Clean func(rows []Numbers, s Settings) bool
}

// Numbers are the row of a precheck's query, by column. NULL is 0.
type Numbers map[string]*big.Int

// A PrecheckCache keeps the rows of prechecks' queries. It is for one transaction, in which nothing
// is written to the tables that they read.
type PrecheckCache struct {
	db   query.Querier
	rows map[*query.Query]Numbers
}

// NewPrecheckCache returns an empty cache.
func NewPrecheckCache(db query.Querier) *PrecheckCache {
	return &PrecheckCache{db: db, rows: map[*query.Query]Numbers{}}
}

// Proves tells whether the precheck proves that its check has no violation.
func (p *Precheck) Proves(ctx context.Context, cache *PrecheckCache, s Settings) (bool, error) {
	if p.Shared {
		for _, q := range p.Queries {
			if cache.rows[q] == nil {
				return false, nil
			}
		}
	}
	rows := make([]Numbers, len(p.Queries))
	for i, q := range p.Queries {
		var err error
		if rows[i], err = cache.row(ctx, q); err != nil {
			return false, fmt.Errorf("precheck: %w", err)
		}
	}
	return p.Clean(rows, s), nil
}

// row runs a query, unless it ran before.
func (c *PrecheckCache) row(ctx context.Context, q *query.Query) (Numbers, error) {
	if row := c.rows[q]; row != nil {
		return row, nil
	}
	rows, err := c.db.Query(ctx, q.SQL())
	if err != nil {
		return nil, err
	}
	values, err := pgx.CollectExactlyOneRow(rows, pgx.RowToMap)
	if err != nil {
		return nil, err
	}
	row := Numbers{}
	for name, value := range values {
		number, ok := new(big.Int), true
		if value != nil {
			number, ok = number.SetString(fmt.Sprint(value), 10)
		}
		if !ok {
			return nil, fmt.Errorf("%s is %v, not a whole number", name, value)
		}
		row[name] = number
	}
	c.rows[q] = row
	return row, nil
}
