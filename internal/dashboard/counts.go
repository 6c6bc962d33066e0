package dashboard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// smallTable is the size up to which a table of PostgreSQL's is counted, which takes some
// milliseconds. Of a larger one the system's own estimate is shown.
const smallTable = 8 << 20

// tableCount is how many rows a table holds.
type tableCount struct {
	Table string
	Layer string // staging, dimension or fact
	Rows  int64
	About bool // estimated
	Known bool
	Bytes int64 // on disk; 0 when unknown
}

// Both ask the catalogue, and read no table.
const (
	tablesPostgres = `
		SELECT CAST(c.relname AS VARCHAR(127)),
			CASE WHEN c.relkind = 'p' THEN 9223372036854775807 ELSE COALESCE(pg_relation_size(c.oid), 0) END, -- of partitions nobody knows without looking at each
			CAST(CASE WHEN pg_stat_get_live_tuples(c.oid) > 0 THEN pg_stat_get_live_tuples(c.oid) ELSE c.reltuples END AS BIGINT)
		FROM pg_class AS c
		INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p')
		ORDER BY c.relname`
	tablesRedshift = `
		SELECT CAST(t.table_name AS VARCHAR(127)), CAST(0 AS BIGINT), CAST(-1 AS BIGINT)
		FROM information_schema.tables AS t
		WHERE t.table_schema = current_schema() AND t.table_type = 'BASE TABLE'
		ORDER BY t.table_name`
)

// countTables counts the rows of every s_, d_ and f_ table. On PostgreSQL counting reads the table,
// so that only small ones are counted. Redshift counts by what it knows of its blocks (and its own
// view of estimates, SVV_TABLE_INFO, is for superusers alone); what does not end in time is
// unknown.
func (r *reader) countTables(ctx context.Context, engine sqlfile.Engine) ([]tableCount, error) {
	var out []tableCount
	var schema catalogue.Name
	err := r.read(ctx, func(tx pgx.Tx) (err error) {
		if schema, err = catalogue.CurrentSchema(ctx, tx); err != nil {
			return err
		}
		text := tablesPostgres
		if engine == sqlfile.Redshift {
			text = tablesRedshift
		}
		rows, err := tx.Query(ctx, text)
		if err != nil {
			return fmt.Errorf("list tables: %w", err)
		}
		var count tableCount
		_, err = pgx.ForEachRow(rows, []any{&count.Table, &count.Bytes, &count.Rows}, func() error {
			if count.Layer = layerName(count.Table); count.Layer != "" {
				out = append(out, count)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("list tables: %w", err)
		}
		for i := range out {
			count := &out[i]
			count.About, count.Known = true, count.Rows >= 0
			if engine == sqlfile.Postgres && count.Bytes > smallTable {
				count.Rows = roughly(count.Rows)
				continue
			}
			if err := tx.QueryRow(
				ctx,
				catalogue.CountRows(catalogue.Table{Schema: schema, Name: catalogue.Name(count.Table)}),
			).Scan(&count.Rows); err != nil {
				return fmt.Errorf("count rows of %s: %w", count.Table, r.explain(ctx, err))
			}
			count.About, count.Known = false, true
		}
		return nil
	})
	var slow *slowError
	var refused *pgconn.PgError
	if errors.As(err, &slow) || errors.As(err, &refused) && len(out) > 0 {
		// too slow, or locked, or not granted: what could not be counted is shown as unknown
		err = nil
	}
	slices.SortStableFunc(out, func(a, b tableCount) int {
		return cmp.Or(cmp.Compare(layerRank(a.Layer), layerRank(b.Layer)), cmp.Compare(a.Table, b.Table))
	})
	return out, err
}

// roughly keeps three digits of an estimate: more would claim what nobody knows.
func roughly(n int64) int64 {
	unit := int64(1)
	for n/unit >= 1000 {
		unit *= 10
	}
	return (n + unit/2) / unit * unit
}

// layerName is what a table's prefix says; "" for what is no part of the warehouse's own.
func layerName(table string) string {
	switch {
	case strings.HasPrefix(table, "s_"):
		return "staging"
	case strings.HasPrefix(table, "d_"):
		return "dimension"
	case strings.HasPrefix(table, "f_"):
		return "fact"
	}
	return ""
}

func layerRank(layer string) int {
	return slices.Index([]string{"staging", "helper", "dimension", "fact", "report", "check"}, layer)
}
