package transform

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// index is a CREATE INDEX IF NOT EXISTS behind the COPY of a load, for PostgreSQL: Redshift has no indexes. It is built behind the first
// run, since an index costs several times more to keep while rows come in than to build from them
// (https://www.postgresql.org/docs/current/populate.html#POPULATE-RM-INDEXES), and the runs that follow are the first to use it.
type index struct {
	name      catalogue.Name
	statement sqlfile.Statement
}

// parseIndex accepts CREATE INDEX IF NOT EXISTS name ON table …
func parseIndex(statement sqlfile.Statement, table catalogue.Name) (index, error) {
	tokens := significant(statement)
	form := []string{"create", "index", "if", "not", "exists", "", "on", string(table)}
	fits := len(tokens) >= len(form)
	for i := 0; fits && i < len(form); i++ {
		fits = form[i] == "" || strings.EqualFold(tokens[i].Value(), form[i])
	}
	if !fits {
		return index{}, statement.ErrorAt(0, "behind its COPY, a load has indexes of its table only", fmt.Sprintf("write CREATE INDEX IF NOT EXISTS name ON %s (...)", table), nil)
	}
	return index{name: catalogue.Name(tokens[5].Value()), statement: statement}, nil
}

// buildIndexes builds the indexes that the loads name and that are not there, of tables that hold rows. Readers go on meanwhile:
// CREATE INDEX locks out writers alone, and this is the one writer.
func (r *Runner) buildIndexes(ctx context.Context, conn *pgx.Conn, j *journal) error {
	if r.indexed {
		return nil
	}
	schema, err := r.currentSchema(ctx, conn)
	if err != nil {
		return err
	}
	absent, err := r.absentIndexes(ctx, conn)
	if err != nil {
		return err
	}
	var missing []index
	all := true
	for _, step := range r.Steps {
		wanted := slices.DeleteFunc(slices.Clone(step.indexes), func(one index) bool { return !absent[one.name] })
		if len(wanted) == 0 {
			continue
		}
		filled, err := hasRows(ctx, conn, catalogue.Table{Schema: schema, Name: step.Table})
		if err != nil {
			return err
		}
		if !filled {
			all = false
			continue
		}
		missing = append(missing, wanted...)
	}
	r.indexed = all && len(missing) == 0
	if len(missing) == 0 {
		return nil
	}
	err = r.write(ctx, conn, j, func(tx pgx.Tx) error {
		for _, one := range missing {
			if err := r.buildIndex(ctx, tx, one); err != nil {
				return err
			}
		}
		return nil
	})
	r.indexed = all && err == nil
	return err
}

func (r *Runner) buildIndex(ctx context.Context, tx pgx.Tx, one index) error {
	expanded, err := one.statement.Expand(r.Vars)
	if err != nil {
		return err
	}
	if err := r.createIndex(ctx, tx, one.name, expanded.SQL); err != nil {
		return explain(expanded, err)
	}
	return nil
}

// createIndex runs a CREATE INDEX, and says so.
func (r *Runner) createIndex(ctx context.Context, tx pgx.Tx, name catalogue.Name, sql string) error {
	r.Observer(progress.Event{Kind: progress.StepStarted, Step: "index " + string(name)})
	if _, err := tx.Exec(ctx, sql); err != nil {
		return err
	}
	r.Failpoint("index.built")
	return nil
}

// absentIndexes are the indexes of the loads that are not there.
func (r *Runner) absentIndexes(ctx context.Context, conn *pgx.Conn) (map[catalogue.Name]bool, error) {
	absent := map[catalogue.Name]bool{}
	var names, quoted []string
	for _, step := range r.Steps {
		for _, one := range step.indexes {
			names, quoted = append(names, string(one.name)), append(quoted, one.name.SQL())
		}
	}
	if len(names) == 0 {
		return absent, nil
	}
	rows, err := conn.Query(ctx, `
		SELECT one.name
		FROM unnest(CAST($1 AS text[]), CAST($2 AS text[])) AS one (name, quoted)
		WHERE to_regclass(one.quoted) IS NULL`, names, quoted)
	if err != nil {
		return nil, fmt.Errorf("look for indexes: %w", err)
	}
	var name string
	if _, err := pgx.ForEachRow(rows, []any{&name}, func() error {
		absent[catalogue.Name(name)] = true
		return nil
	}); err != nil {
		return nil, fmt.Errorf("look for indexes: %w", err)
	}
	return absent, nil
}
