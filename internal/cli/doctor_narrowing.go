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
			by = "processed, for its new rows"
		}
		detail := fmt.Sprintf("%s needs an index on %s. These search by it: %s. Add the line to a migration",
			n.Table, by, strings.Join(asked, "; "))
		// Redshift has no indexes: a migration has to say so.
		d.add(subject, "warn", detail, "/*postgres*/ "+strings.TrimSuffix(n.Fix, ";")+" /*redshift*/;")
	}
}

// largeTable is the number of rows from which a dimension or fact needs an index: a smaller table
// is read faster than its index is kept. Staging grows without end, and needs an index early. A
// table that was never analyzed may have any number of rows.
const (
	largeTable   = 100_000
	largeStaging = 1_000
)

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
	sizes := map[string]float64{}
	rows, err := pool.Query(ctx, `
		SELECT CAST(c.relname AS text), CAST(c.reltuples AS double precision)
		FROM pg_catalog.pg_class AS c
		WHERE c.relnamespace = (SELECT s.oid FROM pg_catalog.pg_namespace AS s WHERE s.nspname = CAST($1 AS text))`,
		string(live))
	if err != nil {
		return nil, fmt.Errorf("read the sizes of tables: %w", err)
	}
	var name string
	var size float64
	note := func() error { sizes[name] = size; return nil }
	if _, err := pgx.ForEachRow(rows, []any{&name, &size}, note); err != nil {
		return nil, fmt.Errorf("read the sizes of tables: %w", err)
	}
	return slices.DeleteFunc(model.Indexes(graph.Narrowings(), indexed), func(n model.Indexed) bool {
		size := sizes[n.Table]
		small := size < largeTable
		if graph.IsStaging(n.Table) {
			small = size >= 0 && size < largeStaging // -1: never analyzed
		}
		return n.Index != "" || small
	}), nil
}
