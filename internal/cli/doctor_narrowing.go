package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// narrowings warns of ways in which increments find rows that have no index on the server: such an
// increment reads the whole table. Indexes that the next run builds, behind the COPY of a load,
// count.
func (d *doctorRun) narrowings(ctx context.Context, s *session) {
	const subject = "indexes"
	if s.warehouse.Engine() != sqlfile.Postgres {
		return
	}
	missing, err := s.unindexed(ctx)
	if err != nil {
		d.fail(subject, err, "")
		return
	}
	if len(missing) == 0 {
		d.add(subject, "ok", "increments find their rows through indexes", "")
		return
	}
	var fixes []string
	for _, n := range missing {
		if slices.Contains(fixes, n.Fix) {
			continue
		}
		fixes = append(fixes, n.Fix)
		var asked []string
		for _, other := range missing {
			if other.Fix != n.Fix {
				continue
			}
			line := other.Line
			if other.Model != "" {
				line = other.Model + " (" + other.Line + ")"
			}
			if !slices.Contains(asked, line) {
				asked = append(asked, line)
			}
		}
		by := strings.Join(n.Columns, ", ")
		if n.New() {
			by = "their flag"
		}
		detail := fmt.Sprintf("increments look for rows of %s by %s, and no index supports this: %s; add an index "+
			"in a migration",
			n.Table, by, strings.Join(asked, "; "))
		d.add(subject, "warn", detail, n.Fix)
	}
}

// largeTable is from how many rows on a dimension or fact is missed an index: a smaller one is read
// faster than it is kept. Staging grows without end, and is always missed one.
const largeTable = 100_000

// unindexed are the narrowings of the models that no index of the server serves.
func (s *session) unindexed(ctx context.Context) ([]model.Indexed, error) {
	engine, pool := s.warehouse.Engine(), s.warehouse.Pool()
	steps, err := s.project.steps(engine)
	if err != nil {
		return nil, err
	}
	live, err := catalogue.CurrentSchema(ctx, pool)
	if err != nil {
		return nil, err
	}
	tables, err := catalogue.ReadSchema(ctx, pool, engine, live)
	if err != nil {
		return nil, err
	}
	graph, err := transform.Graph(steps, tables, engine)
	if err != nil {
		return nil, err
	}
	indexes, err := catalogue.ReadIndexedColumns(ctx, pool, live)
	if err != nil {
		return nil, err
	}
	indexed := schema.Schema{}
	for name, t := range tables {
		t.Indexes = indexes[name]
		indexed[name] = t
	}
	if indexed, err = transform.WithLoadIndexes(indexed, steps); err != nil {
		return nil, err
	}
	var large []string
	rows, err := pool.Query(ctx, `
		SELECT CAST(c.relname AS text)
		FROM pg_catalog.pg_class AS c
		WHERE c.relnamespace = (SELECT s.oid FROM pg_catalog.pg_namespace AS s WHERE s.nspname = CAST($1 AS text))
			AND c.reltuples >= $2`, string(live), float64(largeTable))
	if err != nil {
		return nil, fmt.Errorf("read the sizes of tables: %w", err)
	}
	if large, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return nil, fmt.Errorf("read the sizes of tables: %w", err)
	}
	return slices.DeleteFunc(model.Indexes(graph.Narrowings(), indexed), func(n model.Indexed) bool {
		return n.Index != "" || !graph.IsStaging(n.Table) && !slices.Contains(large, n.Table)
	}), nil
}
