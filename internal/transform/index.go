package transform

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/journal"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/progress"
)

// missingIndexes are the indexes that the loads name and that are not there, of tables that hold
// rows. more says that there are others, whose tables hold no row yet.
func (r *Runner) missingIndexes(ctx context.Context, conn *pgx.Conn) (missing []load.Index, more bool, err error) {
	if r.indexed {
		return nil, false, nil
	}
	schema, err := r.currentSchema(ctx, conn)
	if err != nil {
		return nil, false, err
	}
	absent, err := r.absentIndexes(ctx, conn)
	if err != nil {
		return nil, false, err
	}
	for _, step := range r.Steps {
		wanted := slices.DeleteFunc(
			step.loadIndexes(), func(loadIndex load.Index) bool { return !absent[loadIndex.Name] },
		)
		if len(wanted) == 0 {
			continue
		}
		filled, err := hasRows(ctx, conn, catalogue.Table{Schema: schema, Name: step.Table})
		if err != nil {
			return nil, false, err
		}
		if !filled {
			more = true
			continue
		}
		missing = append(missing, wanted...)
	}
	r.indexed = !more && len(missing) == 0
	return missing, more, nil
}

// buildIndexes builds missing indexes, as a step of its own where the run has planned that. Readers
// go on meanwhile: CREATE INDEX locks out writers alone, and this is the one writer.
func (r *Runner) buildIndexes(
	ctx context.Context, conn *pgx.Conn, j *journal.Run, missing []load.Index, more bool,
) error {
	if len(missing) == 0 {
		return nil
	}
	var building *stage
	if r.numbering.Open(stageIndex) {
		building = r.beginStage(j, stageIndex)
	}
	err := r.write(ctx, conn, j, func(tx pgx.Tx) error {
		for _, index := range missing {
			if err := r.buildIndex(ctx, tx, index); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.indexed = !more
	building.end(indexesText(len(missing)))
	return nil
}

func (r *Runner) buildIndex(ctx context.Context, tx pgx.Tx, index load.Index) error {
	expanded, err := index.Statement.Expand(r.Vars)
	if err != nil {
		return err
	}
	if err := r.createIndex(ctx, tx, index.Name, expanded.SQL); err != nil {
		return explain(expanded, err)
	}
	return nil
}

// createIndex runs a CREATE INDEX, and says so.
func (r *Runner) createIndex(ctx context.Context, tx pgx.Tx, name catalogue.Name, sql string) error {
	r.Observer(progress.Event{Kind: progress.StepUnderWay, Text: "index " + string(name)})
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
		for _, loadIndex := range step.loadIndexes() {
			names, quoted = append(names, string(loadIndex.Name)), append(quoted, loadIndex.Name.SQL())
		}
	}
	if len(names) == 0 {
		return absent, nil
	}
	rows, err := conn.Query(ctx, `
		SELECT one.Name
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
