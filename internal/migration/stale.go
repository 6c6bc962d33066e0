package migration

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/writelock"
)

// shape is what a migration can change so that d_ and f_ no longer follow from staging.
type shape struct {
	tables map[string]relation
	staged bool // there are staged rows
	marks  bool // dwh_stale is there to be written
}

type relation struct {
	id      int64  // of this table: a rebuilt one has another
	columns string // names and types in order
	flag    int64  // the attribute number of processed, 0 without one: a flag that was dropped and added has another
}

// layered tells whether a table belongs to a layer whose change makes the star stale. The ledger and the rejects do not:
// nothing is built from them.
func layered(name string) bool {
	if name == "s_object" || name == "s_reject" {
		return false
	}
	return strings.HasPrefix(name, "s_") || strings.HasPrefix(name, "d_") || strings.HasPrefix(name, "f_")
}

func readShape(ctx context.Context, conn *pgx.Conn) (shape, error) {
	out := shape{tables: map[string]relation{}}
	rows, err := conn.Query(ctx, `
		SELECT CAST(c.relname AS VARCHAR(127)), CAST(c.oid AS BIGINT), CAST(a.attname AS VARCHAR(127)), CAST(a.attnum AS BIGINT), CAST(a.atttypid AS BIGINT), CAST(a.atttypmod AS BIGINT)
		FROM pg_class AS c
		INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
		INNER JOIN pg_attribute AS a ON a.attrelid = c.oid
		WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
		ORDER BY 1, 4`)
	if err != nil {
		return out, fmt.Errorf("read tables: %w", err)
	}
	var table, column string
	var id, number, kind, modifier int64
	if _, err := pgx.ForEachRow(rows, []any{&table, &id, &column, &number, &kind, &modifier}, func() error {
		if table == "dwh_stale" {
			out.marks = true
		}
		if !layered(table) {
			return nil
		}
		one := out.tables[table]
		one.id = id
		if column == "processed" {
			one.flag = number
		} else {
			one.columns += fmt.Sprintf("%s %d %d, ", column, kind, modifier)
		}
		out.tables[table] = one
		return nil
	}); err != nil {
		return out, fmt.Errorf("read tables: %w", err)
	}
	schema, err := catalogue.CurrentSchema(ctx, conn)
	if err != nil {
		return out, err
	}
	for name := range out.tables {
		if !strings.HasPrefix(name, "s_") {
			continue
		}
		var exists bool
		if err := conn.QueryRow(ctx, catalogue.HasRows(catalogue.Table{Schema: schema, Name: catalogue.Name(name)})).Scan(&exists); err != nil {
			return out, fmt.Errorf("look for staged rows in %s: %w", name, err)
		}
		out.staged = out.staged || exists
	}
	return out, nil
}

// reasons compares the shapes before and after the steps and returns what the star's staleness is about.
func reasons(before, after shape, steps []Step) [][2]string {
	if !before.staged && !after.staged {
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

// interrupted is the mark that stands while migrations run, so that a process that dies leaves it behind.
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
	for _, one := range marks {
		if there[one] {
			continue
		}
		if err := db.AddStaleMark(ctx, one[0], one[1], time.Now().UTC()); err != nil {
			return fmt.Errorf("write stale mark: %w", err)
		}
	}
	return nil
}
