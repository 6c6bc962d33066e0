package migration

import (
	"context"
	"fmt"
	"maps"
	"slices"
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
	inputs map[string]relation // other tables that models store or read
	others map[string]bool     // all tables but those of the layers, and views
	ids    map[string]int64    // of every table, by name
	staged bool                // there are staged rows
	ran    bool                // a run has computed models, be it over no rows
	built  bool                // a run has written rows of d_ and f_, be it from no staged rows
}

type relation struct {
	id      int64             // of this table: a rebuilt one has another
	rows    bool              // it has some; of staging tables alone
	columns map[string]column // by name, without processed
	// the attribute number of processed, 0 without one: a flag that was dropped and added has
	// another
	flag int64
}

// staging tells whether the table, which has this name, holds staged rows.
func (r relation) staging(name string) bool { return isStaging(name, r.flag != 0) }

// isStaging tells whether a table holds staged rows, by its name and by whether it has the flag.
func isStaging(name string, flagged bool) bool {
	return strings.HasPrefix(name, "s_") || flagged && !layered(name)
}

// column is what tells whether a column still has its values.
type column struct {
	number   int64 // of the attribute: a column that was dropped and added has another
	kind     int64 // its type's oid
	modifier int64 // its type's modifier
}

// widens tells whether the column differs from an earlier state only in that it takes longer text.
// Then it still has its values.
func (c column) widens(was column) bool {
	const varchar = 1043
	return c.number == was.number && c.kind == varchar && was.kind == varchar &&
		was.modifier > 0 && c.modifier > was.modifier
}

// layered tells whether a table belongs to a layer whose change makes the star stale. dwh's own
// tables do not: nothing is built from them.
func layered(name string) bool {
	if bookkeeping.Owns(name) {
		return false
	}
	return strings.HasPrefix(name, "s_") || strings.HasPrefix(name, "d_") || strings.HasPrefix(name, "f_")
}

// readShape reads the shape. follows tells whether a model stores or reads a table.
func readShape(ctx context.Context, conn *pgx.Conn, follows func(table string) bool) (shape, error) {
	out := shape{tables: map[string]relation{}, inputs: map[string]relation{}, others: map[string]bool{},
		ids: map[string]int64{}}
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
	var table, name string
	var id, number, kind, modifier int64
	var plain bool
	if _, err := pgx.ForEachRow(rows, []any{&table, &id, &name, &number, &kind, &modifier, &plain}, func() error {
		in := out.tables
		if plain {
			out.ids[table] = id
		}
		if !plain || !layered(table) {
			out.others[table] = true
			if !plain || bookkeeping.Owns(table) || !follows(table) {
				return nil
			}
			in = out.inputs
		}
		r, known := in[table]
		if !known {
			r = relation{id: id, columns: map[string]column{}}
		}
		if name == "processed" {
			r.flag = number
		} else {
			r.columns[name] = column{number, kind, modifier}
		}
		in[table] = r
		return nil
	}); err != nil {
		return out, fmt.Errorf("read tables: %w", err)
	}
	schema, err := catalogue.CurrentSchema(ctx, conn)
	if err != nil {
		return out, err
	}
	for _, in := range []map[string]relation{out.tables, out.inputs} {
		for name, r := range in {
			if !r.staging(name) {
				continue
			}
			if r.rows, err = hasRows(ctx, conn, schema, name); err != nil {
				return out, err
			}
			in[name] = r
			out.staged = out.staged || r.rows
		}
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

// all are the tables of the layers and the inputs.
func (s shape) all() map[string]relation {
	out := maps.Clone(s.tables)
	maps.Copy(out, s.inputs)
	return out
}

// has tells whether the table is there.
func (s shape) has(table string) bool {
	_, layer := s.tables[table]
	return layer || s.others[table]
}

func hasRows(ctx context.Context, conn *pgx.Conn, schema catalogue.Name, table string) (exists bool, err error) {
	text := catalogue.HasRows(catalogue.Table{Schema: schema, Name: catalogue.Name(table)})
	if err := conn.QueryRow(ctx, text).Scan(&exists); err != nil {
		return false, fmt.Errorf("look for rows in %s: %w", table, err)
	}
	return exists, nil
}

// staging are the tables that hold staged rows.
func (s shape) staging() map[string]relation {
	out := s.all()
	maps.DeleteFunc(out, func(name string, r relation) bool { return !r.staging(name) })
	return out
}

// emptied are the staging tables whose rows went between the shapes: a table that is empty now and
// had rows, or is another one.
func (s shape) emptied(before shape) []string {
	var out []string
	earlier := before.staging()
	for name, is := range s.staging() {
		if was, existed := earlier[name]; existed && !is.rows && (was.rows || was.id != is.id) {
			out = append(out, name)
		}
	}
	sort.Strings(out)
	return out
}

// reasons compares the shapes before and after the steps and returns what the star's staleness is
// about. uses tells whether a model that reads the table names the column.
func reasons(before, after shape, steps []Step, uses func(table, column string) bool) [][2]string {
	layers := before.staged || after.staged || before.built // there is something to replay
	inputs := layers || before.ran                          // a model may have read them
	var out [][2]string
	for _, step := range steps {
		if !step.Up && (layers || inputs && len(before.inputs) > 0) {
			out = append(out, [2]string{step.Name, "the migration was reverted"})
		}
	}
	then, now := before.all(), after.all()
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if _, input := after.inputs[name]; !layers && !(input && inputs) {
			continue
		}
		was, existed := then[name]
		is := now[name]
		switch {
		case !existed:
			out = append(out, [2]string{name, "the table was created"})
		case was.id != is.id:
			out = append(out, [2]string{name, "the table was rebuilt"})
		case is.staging(name) && was.flag != is.flag:
			out = append(out, [2]string{name, "its flag was created"})
		case is.staging(name):
			// A column that is only added has no values that a model has read.
			if was.rows && was.loses(is, func(column string) bool { return uses(name, column) }) {
				out = append(out, [2]string{name, "its columns changed"})
			}
		case was.flag != is.flag || !maps.Equal(was.columns, is.columns):
			out = append(out, [2]string{name, "the table has other columns"})
		}
	}
	return out
}

// loses tells whether a column of the staging table r is another one now, or is gone and used.
func (r relation) loses(now relation, used func(column string) bool) bool {
	for name, was := range r.columns {
		is, there := now.columns[name]
		if there && is != was && !is.widens(was) || !there && used(name) {
			return true
		}
	}
	return false
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
