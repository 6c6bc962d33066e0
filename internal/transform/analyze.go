package transform

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// What the planner knows decides whether a transform follows its batch or reads everything, so that it has to know of a good part of a table that is
// new. To tell it costs some 50 ms, however few the rows.
const (
	// analyzeShare is the part of a table that has to be new, a tenth, as for autovacuum.
	analyzeShare = 0.1
	// analyzeRows is how many rows have to be new as well: a plan made for fewer than there are reads no more than so many rows too much, for less
	// than what it costs to tell.
	analyzeRows = 10_000
	// analyzeFirst is that of a table that was never analyzed. The planner then takes it for small and its values for many, and joins what it takes for
	// small row by row with row: of 1,000 by 1,000 rows, about what it costs to tell.
	analyzeFirst = 1_000
	// pageRows is how many rows of staging one page of the file holds, at least: a play's events take some 300 bytes each.
	pageRows = 20
)

// size is what PostgreSQL's planner knows of a table, and what it could.
type size struct {
	Name  string
	Rows  float64 // when it was last told; negative if never, 0 of a new one
	Pages int64   // then
	Now   int64   // the pages of its file
}

// outdated tells whether the planner should be told of a table, to which a run has added so many rows. What runs before it have added in small pieces shows by
// how the file has grown since the planner was last told, so that no table grows large behind its back where autovacuum is off.
func (s size) outdated(added int64) bool {
	if s.Rows <= 0 {
		return max(added, s.Now*pageRows) >= analyzeFirst
	}
	since := float64(added)
	if s.Pages > 0 {
		since = max(since, s.Rows*float64(s.Now-s.Pages)/float64(s.Pages))
	}
	return since >= analyzeRows && since >= s.Rows*analyzeShare
}

// analyzeAfter refreshes PostgreSQL's statistics of the tables to which rows were added, where it is worth it. Redshift keeps its statistics itself.
func (r *Runner) analyzeAfter(ctx context.Context, conn *pgx.Conn, added map[catalogue.Name]int64) error {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(added)) {
		if added[name] > 0 {
			names = append(names, name.SQL())
		}
	}
	if r.Engine != sqlfile.Postgres || len(names) == 0 {
		return nil
	}
	rows, err := conn.Query(ctx, `
		SELECT CAST(c.relname AS text), CAST(c.reltuples AS double precision), CAST(c.relpages AS bigint),
			pg_relation_size(c.oid) / CAST(current_setting('block_size') AS bigint)
		FROM pg_class AS c
		WHERE c.oid IN (SELECT to_regclass(one.name) FROM unnest(CAST($1 AS text[])) AS one (name))
		ORDER BY c.relname`, names)
	if err != nil {
		return fmt.Errorf("read the sizes of tables: %w", err)
	}
	sizes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[size])
	if err != nil {
		return fmt.Errorf("read the sizes of tables: %w", err)
	}
	for _, one := range sizes {
		if name := catalogue.Name(one.Name); one.outdated(added[name]) {
			if err := r.analyze(ctx, conn, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// analyze refreshes what PostgreSQL's planner knows of a table, inside the transaction that is open on conn, if one is.
func (r *Runner) analyze(ctx context.Context, conn *pgx.Conn, name catalogue.Name) error {
	schema, err := r.currentSchema(ctx, conn)
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, catalogue.AnalyzeLoaded(catalogue.Table{Schema: schema, Name: name})); err != nil {
		return fmt.Errorf("analyze %s: %w", name, err)
	}
	return nil
}

// analyzeWritten refreshes the statistics of what a run wrote much of. The flags count: the indexes that an incremental run follows
// cover processed rows only, and as long as the planner takes those for few, it reads everything instead.
func (r *Runner) analyzeWritten(ctx context.Context, conn *pgx.Conn, result *Result) error {
	written := map[catalogue.Name]int64{}
	if result.Flagged > 0 {
		maps.Copy(written, result.waiting)
	}
	for _, step := range result.Transforms {
		written[step.Table] += step.RowsOut
	}
	for _, name := range result.analyzed {
		delete(written, name)
	}
	return r.analyzeAfter(ctx, conn, written)
}
