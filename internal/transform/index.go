package transform

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
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
	var words []string
	for _, token := range sqlfile.Tokens(statement.SQL()) {
		switch token.Kind {
		case sqlfile.KindComment, sqlfile.KindMarker:
			continue
		}
		if words = append(words, token.Value()); len(words) == 8 {
			break
		}
	}
	form := []string{"create", "index", "if", "not", "exists", "", "on", string(table)}
	fits := len(words) == len(form)
	for i := 0; fits && i < len(form); i++ {
		fits = form[i] == "" || strings.EqualFold(words[i], form[i])
	}
	if !fits {
		return index{}, statement.ErrorAt(0, "behind its COPY, a load has indexes of its table only", fmt.Sprintf("write CREATE INDEX IF NOT EXISTS name ON %s (...)", table), nil)
	}
	return index{name: catalogue.Name(words[5]), statement: statement}, nil
}

// buildIndexes builds the indexes that the loads name and that are not there, of tables that hold rows. Readers go on meanwhile:
// CREATE INDEX locks out writers alone, and this is the one writer.
func (r *Runner) buildIndexes(ctx context.Context, conn *pgx.Conn, j *journal) error {
	if r.indexed {
		return nil
	}
	schema, err := catalogue.CurrentSchema(ctx, conn)
	if err != nil {
		return err
	}
	var missing []index
	all := true
	for _, step := range r.Steps {
		if len(step.indexes) == 0 {
			continue
		}
		var filled bool
		if err := conn.QueryRow(ctx, catalogue.HasRows(catalogue.Table{Schema: schema, Name: step.Table})).Scan(&filled); err != nil {
			return fmt.Errorf("look for rows of %s: %w", step.Table, err)
		}
		if !filled {
			all = false
			continue
		}
		for _, one := range step.indexes {
			var there bool
			if err := conn.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", one.name.SQL()).Scan(&there); err != nil {
				return fmt.Errorf("look for index %s: %w", one.name, err)
			}
			if !there {
				missing = append(missing, one)
			}
		}
	}
	r.indexed = all && len(missing) == 0
	if len(missing) == 0 {
		return nil
	}
	return r.write(ctx, conn, j, func(tx pgx.Tx) error {
		for _, one := range missing {
			r.Observer(Event{Kind: StepStarted, Step: "index " + string(one.name)})
			expanded, err := one.statement.Expand(r.Vars)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, expanded.SQL); err != nil {
				return explain(expanded, err)
			}
			r.Failpoint("index.built")
		}
		return nil
	})
}
