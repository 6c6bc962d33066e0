package publish

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// What the planner knows decides whether a model follows its batch or reads everything, so that it
// has to know of a good part of a table that is new. To tell it costs some 50 ms, however few the
// rows.
const (
	// analyzeShare is the part of a table that has to be new, a tenth, as for autovacuum.
	analyzeShare = 0.1
	// analyzeRows is how many rows have to be new as well: a plan made for fewer than there are
	// reads no more than so many rows too much, for less than what it costs to tell.
	analyzeRows = 10_000
	// AnalyzeFirst is how many rows a table has to have that was never analyzed. The planner takes
	// it for small and its values for many, and joins what it takes for small row by row with row:
	// of 1,000 by 1,000 rows, about what it costs to tell.
	AnalyzeFirst = 1_000
	// pageRows is how many rows of staging one page of the file holds, at least: a play's events
	// take some 300 bytes each.
	pageRows = 20
)

// size is what PostgreSQL's planner knows of a table, and what it could.
type size struct {
	Name  string
	Rows  float64 // when it was last told; negative if never, 0 of a new one
	Pages int64   // then
	Now   int64   // the pages of its file
}

// outdated tells whether the planner should be told of a table, to which a run has added so many
// rows. What runs before it have added in small pieces shows by how the file has grown since the
// planner was last told, so that no table grows large behind its back where autovacuum is off.
func (s size) outdated(added int64) bool {
	if s.Rows <= 0 {
		return max(added, s.Now*pageRows) >= AnalyzeFirst
	}
	since := float64(added)
	if s.Pages > 0 {
		since = max(since, s.Rows*float64(s.Now-s.Pages)/float64(s.Pages))
	}
	return since >= analyzeRows && since >= s.Rows*analyzeShare
}

// AnalyzeAfter refreshes PostgreSQL's statistics of the tables of a schema to which rows were
// added, where it is worth it, inside the transaction that is open on conn, if one is. Redshift
// keeps its statistics itself.
func AnalyzeAfter(
	ctx context.Context, conn *pgx.Conn, engine sqlfile.Engine, schema catalogue.Name, added map[catalogue.Name]int64,
) error {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(added)) {
		if added[name] > 0 {
			names = append(names, catalogue.Table{Schema: schema, Name: name}.SQL())
		}
	}
	if engine != sqlfile.Postgres || len(names) == 0 {
		return nil
	}
	rows, err := conn.Query(ctx, `
		SELECT CAST(c.relname AS text), CAST(c.reltuples AS double precision), CAST(c.relpages AS bigint),
			pg_relation_size(c.oid) / CAST(current_setting('block_size') AS bigint)
		FROM pg_class AS c
		WHERE c.oid IN (SELECT to_regclass(written.name) FROM unnest(CAST($1 AS text[])) AS written (name))
		ORDER BY c.relname`, names)
	if err != nil {
		return fmt.Errorf("read the sizes of tables: %w", err)
	}
	sizes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[size])
	if err != nil {
		return fmt.Errorf("read the sizes of tables: %w", err)
	}
	for _, s := range sizes {
		name := catalogue.Name(s.Name)
		if !s.outdated(added[name]) {
			continue
		}
		analyze := catalogue.AnalyzeLoaded(catalogue.Table{Schema: schema, Name: name})
		if err := catalogue.Exec(ctx, conn, analyze); err != nil {
			return fmt.Errorf("analyze %s: %w", name, err)
		}
	}
	return nil
}
