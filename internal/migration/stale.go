package migration

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/bookkeeping"
	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/writelock"
)

// shape is what a migration can change so that d_ and f_ no longer follow from staging.
type shape struct {
	tables map[string]relation // of the layers
	others map[string]bool     // all other tables, and views
	staged bool                // there are staged rows
	ran    bool                // a run has computed models, be it over no rows
	built  bool                // a run has written rows of d_ and f_, be it from no staged rows
}

type relation struct {
	id      int64  // of this table: a rebuilt one has another
	rows    bool   // it has some; of staging tables alone
	columns string // names and types in order
	// the attribute number of processed, 0 without one: a flag that was dropped and added has
	// another
	flag int64
}

// layered tells whether a table belongs to a layer whose change makes the star stale. dwh's own
// tables do not: nothing is built from them.
func layered(name string) bool {
	if bookkeeping.Owns(name) {
		return false
	}
	return strings.HasPrefix(name, "s_") || strings.HasPrefix(name, "d_") || strings.HasPrefix(name, "f_")
}

func readShape(ctx context.Context, conn *pgx.Conn) (shape, error) {
	out := shape{tables: map[string]relation{}, others: map[string]bool{}}
	rows, err := conn.Query(ctx, `
		SELECT
			CAST(c.relname AS VARCHAR(127)), CAST(c.oid AS BIGINT), CAST(a.attname AS VARCHAR(127)),
			CAST(a.attnum AS BIGINT), CAST(a.atttypid AS BIGINT), CAST(a.atttypmod AS BIGINT),
			c.relkind IN ('r', 'p')
		FROM pg_class AS c
		INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
		INNER JOIN pg_attribute AS a ON a.attrelid = c.oid
		WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'f') AND a.attnum > 0 AND NOT a.attisdropped
		ORDER BY 1, 4`)
	if err != nil {
		return out, fmt.Errorf("read tables: %w", err)
	}
	var table, column string
	var id, number, kind, modifier int64
	var plain bool
	if _, err := pgx.ForEachRow(rows, []any{&table, &id, &column, &number, &kind, &modifier, &plain}, func() error {
		if !plain || !layered(table) {
			out.others[table] = true
			return nil
		}
		r := out.tables[table]
		r.id = id
		if column == "processed" {
			r.flag = number
		} else {
			r.columns += fmt.Sprintf("%s %d %d, ", column, kind, modifier)
		}
		out.tables[table] = r
		return nil
	}); err != nil {
		return out, fmt.Errorf("read tables: %w", err)
	}
	schema, err := catalogue.CurrentSchema(ctx, conn)
	if err != nil {
		return out, err
	}
	for name, r := range out.tables {
		if !strings.HasPrefix(name, "s_") {
			continue
		}
		if r.rows, err = hasRows(ctx, conn, schema, name); err != nil {
			return out, err
		}
		out.tables[name] = r
		out.staged = out.staged || r.rows
	}
	return out, nil
}

// readBuilt looks whether a run has computed models, and whether it has written rows of d_ and f_.
func (s *shape) readBuilt(ctx context.Context, conn *pgx.Conn) error {
	fingerprints, err := dwhdb.New(conn).Fingerprints(ctx)
	if err != nil {
		return fmt.Errorf("read fingerprints: %w", err)
	}
	if s.ran = len(fingerprints) > 0; !s.ran {
		return nil // what stands in the tables came from migrations
	}
	schema, err := catalogue.CurrentSchema(ctx, conn)
	if err != nil {
		return err
	}
	for name := range s.tables {
		if s.built {
			break
		}
		if !strings.HasPrefix(name, "s_") {
			if s.built, err = hasRows(ctx, conn, schema, name); err != nil {
				return err
			}
		}
	}
	return nil
}

func hasRows(ctx context.Context, conn *pgx.Conn, schema catalogue.Name, table string) (exists bool, err error) {
	text := catalogue.HasRows(catalogue.Table{Schema: schema, Name: catalogue.Name(table)})
	if err := conn.QueryRow(ctx, text).Scan(&exists); err != nil {
		return false, fmt.Errorf("look for rows in %s: %w", table, err)
	}
	return exists, nil
}

// emptied are the staging tables whose rows went between the shapes: a table that is empty now and
// had rows, or is another one.
func (s shape) emptied(before shape) []string {
	var out []string
	for name, is := range s.tables {
		was, existed := before.tables[name]
		if strings.HasPrefix(name, "s_") && !is.rows && existed && (was.rows || was.id != is.id) {
			out = append(out, name)
		}
	}
	sort.Strings(out)
	return out
}

// reasons compares the shapes before and after the steps and returns what the star's staleness is
// about.
func reasons(before, after shape, steps []Step) [][2]string {
	if !before.staged && !after.staged && !before.built {
		return nil
	}
	var out [][2]string
	for _, step := range steps {
		if !step.Up {
			out = append(out, [2]string{step.Name, "the migration was reverted"})
		}
	}
	names := make([]string, 0, len(after.tables))
	for name := range after.tables {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		was, existed := before.tables[name]
		is := after.tables[name]
		staging := strings.HasPrefix(name, "s_")
		switch {
		case !existed:
			out = append(out, [2]string{name, "the table was created"})
		case was.id != is.id:
			out = append(out, [2]string{name, "the table was rebuilt"})
		case staging && was.flag != is.flag:
			out = append(out, [2]string{name, "its flag was created"})
		case !staging && was.columns != is.columns:
			out = append(out, [2]string{name, "the table has other columns"})
		}
	}
	return out
}

// interrupted is the mark that stands while migrations run, so that a process that dies leaves it
// behind.
var interrupted = [2]string{"migration", "a migration was interrupted"}

func mark(ctx context.Context, conn *pgx.Conn, marks [][2]string) error {
	db := dwhdb.New(writelock.Retrying(conn))
	held, err := db.StaleMarks(ctx)
	if err != nil {
		return fmt.Errorf("read stale marks: %w", err)
	}
	there := map[[2]string]bool{}
	for _, row := range held {
		there[[2]string{row.Subject, row.Reason}] = true
	}
	for _, item := range marks {
		if there[item] {
			continue
		}
		if err := db.AddStaleMark(ctx, item[0], item[1], time.Now().UTC()); err != nil {
			return fmt.Errorf("write stale mark: %w", err)
		}
	}
	return nil
}
