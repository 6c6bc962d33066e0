package transform

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/progress"
)

// missingIndexes are the indexes that the loads name and that are not there.
type missingIndexes struct {
	buildable []load.Index // of tables that hold rows
	later     bool         // there are others, whose tables hold no row yet
}

// any tells whether an index is missing.
func (m missingIndexes) any() bool { return m.later || len(m.buildable) > 0 }

// missingIndexes finds the indexes that are missing.
func (r *activeRun) missingIndexes(ctx context.Context) (missing missingIndexes, err error) {
	if r.indexed {
		return missing, nil
	}
	schema, err := r.currentSchema(ctx, r.conn)
	if err != nil {
		return missing, err
	}
	absent, err := r.absentIndexes(ctx)
	if err != nil {
		return missing, err
	}
	for _, step := range r.Steps {
		wanted := slices.DeleteFunc(step.loadIndexes(), func(index load.Index) bool { return !absent[index.Name] })
		if len(wanted) == 0 {
			continue
		}
		filled, err := hasRows(ctx, r.conn, catalogue.Table{Schema: schema, Name: step.Table})
		if err != nil {
			return missing, err
		}
		if !filled {
			missing.later = true
			continue
		}
		missing.buildable = append(missing.buildable, wanted...)
	}
	r.indexed = !missing.any()
	return missing, nil
}

// buildIndexes builds missing indexes, as a step of its own where the run has planned that. Readers
// go on meanwhile: CREATE INDEX locks out writers alone, and this is the one writer.
func (r *activeRun) buildIndexes(ctx context.Context, missing missingIndexes) error {
	if len(missing.buildable) == 0 {
		return nil
	}
	var building *stage
	if r.numbering.Open(stageIndex) {
		building = r.beginStage(stageIndex)
	}
	err := r.write(ctx, func(tx pgx.Tx) error {
		for _, index := range missing.buildable {
			if err := r.buildIndex(ctx, tx, index); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.indexed = !missing.later
	building.end(indexesText(len(missing.buildable)))
	return nil
}

func (r *activeRun) buildIndex(ctx context.Context, tx pgx.Tx, index load.Index) error {
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
func (r *activeRun) createIndex(ctx context.Context, tx pgx.Tx, name catalogue.Name, sql string) error {
	r.Observer(progress.Event{Kind: progress.StepUnderWay, Text: "index " + string(name)})
	if _, err := tx.Exec(ctx, sql); err != nil {
		return err
	}
	r.Failpoint("index.built")
	return nil
}

// absentIndexes are the indexes of the loads that are not there.
func (r *activeRun) absentIndexes(ctx context.Context) (map[catalogue.Name]bool, error) {
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
	rows, err := r.conn.Query(ctx, `
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
