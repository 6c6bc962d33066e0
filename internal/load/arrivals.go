package load

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// arrivalSchema holds the tables of Arrivals and the views of them. It stands behind the scratch
// schema in search_path, since the gate's views have the same names.
const arrivalSchema catalogue.Name = "dwh_arrival"

// arrivedPrefix marks the tables in it.
const arrivedPrefix = "arrived_"

// Arrivals are rows that a transaction has loaded beside staging, on PostgreSQL.
//
// What is loaded and transformed in one transaction need not be flagged afterwards, which would
// write each row and its index entries a second time, and leave the first for VACUUM. The rows go
// into a table beside staging, the models and checks see them through a view as what is not
// processed, and then they are staged as processed. As long as the transaction lasts nobody else
// sees any of that, and when it breaks off nothing is left.
//
// nil has no rows: all rows go into staging itself.
type Arrivals struct {
	tx   pgx.Tx
	live catalogue.Name
	rows map[catalogue.Name]int64 // by staging table; one that has none can have no table beside it
}

// NewArrivals returns no rows yet. live is the schema of the staging tables.
func NewArrivals(tx pgx.Tx, live catalogue.Name) *Arrivals {
	return &Arrivals{tx: tx, live: live, rows: map[catalogue.Name]int64{}}
}

// Take has a plan load into a table beside the staging table of its file.
// The rows of a file that names no indexes go into staging itself: they are few,
// and models look them up together with those that are there.
func (a *Arrivals) Take(ctx context.Context, plan *Plan) error {
	if a == nil {
		return nil
	}
	name, schema := plan.File.Table, catalogue.Name(plan.Statement.Schema)
	if len(plan.File.Indexes) == 0 || schema != "" && schema != a.live || plan.objects == 0 {
		return nil
	}
	staged := catalogue.Table{Schema: a.live, Name: name}
	beside := a.Beside(staged)
	if _, made := a.rows[name]; !made {
		if plain, err := catalogue.Plain(ctx, a.tx, staged); err != nil || !plain {
			return err
		}
		steps := []string{catalogue.CreateEmpty(beside, staged)}
		if len(a.rows) == 0 {
			steps = append(
				[]string{catalogue.DropSchema(arrivalSchema), catalogue.CreateSchema(arrivalSchema)},
				steps...)
		}
		if err := catalogue.ExecTogether(ctx, sqlfile.Postgres, a.tx, steps...); err != nil {
			return fmt.Errorf("make a table beside %s: %w", name, err)
		}
		a.rows[name] = 0
	}
	plan.Into = beside
	return nil
}

// Add counts the rows that a plan has loaded.
func (a *Arrivals) Add(plan *Plan, result Result) {
	if a != nil && plan.Into.Schema == arrivalSchema {
		a.rows[plan.File.Table] += result.Rows
	}
}

// Rows is how many rows of a staging table there are.
func (a *Arrivals) Rows(table catalogue.Name) int64 {
	if a == nil {
		return 0
	}
	return a.rows[table]
}

// Beside is the table where the rows of a staging table stand.
func (a *Arrivals) Beside(staged catalogue.Table) catalogue.Table {
	return staged.In(arrivalSchema).Named(arrivedPrefix + staged.Name)
}

// Analyze tells PostgreSQL's planner of the rows of a staging table.
func (a *Arrivals) Analyze(ctx context.Context, staged catalogue.Table) error {
	if err := catalogue.Exec(ctx, a.tx, catalogue.AnalyzeLoaded(a.Beside(staged))); err != nil {
		return fmt.Errorf("analyze what arrived for %s: %w", staged.Name, err)
	}
	return nil
}

// Reveal has unqualified names mean the rows and those in staging together, none of the former
// processed, behind what stands in the scratch schema.
func (a *Arrivals) Reveal(ctx context.Context, scratch catalogue.Name, staged []catalogue.Table) error {
	if a == nil {
		return nil
	}
	var steps []string
	for _, table := range staged {
		if a.rows[table.Name] > 0 {
			steps = append(steps, catalogue.CreateArrived(table.In(arrivalSchema), a.Beside(table), table))
		}
	}
	if len(steps) == 0 {
		return nil
	}
	steps = append(steps, catalogue.SetSearchPath(scratch, arrivalSchema, a.live))
	if err := catalogue.ExecTogether(ctx, sqlfile.Postgres, a.tx, steps...); err != nil {
		return fmt.Errorf("show what arrived: %w", err)
	}
	return nil
}

// Stage moves the rows of a staging table into it, processed or not, and returns how many they are.
func (a *Arrivals) Stage(ctx context.Context, staged catalogue.Table, processed bool) (int64, error) {
	if a.Rows(staged.Name) == 0 {
		return 0, nil
	}
	tag, err := a.tx.Exec(ctx, catalogue.InsertArrived(staged, a.Beside(staged), processed))
	if err != nil {
		return 0, fmt.Errorf("stage %s: %w", staged.Name, err)
	}
	return tag.RowsAffected(), nil
}

// Hide takes back what Reveal did.
func (a *Arrivals) Hide(ctx context.Context, scratch catalogue.Name) error {
	if a == nil || len(a.rows) == 0 {
		return nil
	}
	if err := catalogue.Exec(ctx, a.tx, catalogue.SetSearchPath(scratch, a.live)); err != nil {
		return fmt.Errorf("set search_path: %w", err)
	}
	return nil
}

// Drop returns the statements that drop the tables.
func (a *Arrivals) Drop() []string {
	if a == nil || len(a.rows) == 0 {
		return nil
	}
	return []string{catalogue.DropSchema(arrivalSchema)}
}
