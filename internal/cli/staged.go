package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// checkFlags refuses migrations that leave a staging table behind whose new rows dwh could not
// tell. It reads their text, so that nothing is applied before. What is wrong with the text, or
// with the transforms, is told where they run.
func (p project) checkFlags(engine sqlfile.Engine) error {
	steps, err := p.steps(engine)
	if err != nil {
		return nil
	}
	tables, err := p.tables(engine)
	if err != nil {
		return nil
	}
	return transform.CheckFlags(steps, tables)
}

// staging looks for staging tables of the warehouse without the flag of new rows.
func (d *doctorRun) staging(ctx context.Context, s *session, steps []transform.Step) bool {
	pool, engine := s.warehouse.Pool(), s.warehouse.Engine()
	live, err := catalogue.CurrentSchema(ctx, pool)
	if err != nil {
		d.fail(stagingSubject, err, "")
		return false
	}
	tables, err := catalogue.ReadSchema(ctx, pool, engine, live)
	if err != nil {
		d.fail(stagingSubject, err, "")
		return false
	}
	if !d.flags(transform.CheckFlags(steps, tables)) {
		return false
	}
	d.add(stagingSubject, "ok", "staging tables have their column processed", "")
	return true
}

// stagingSubject is the line of dwh doctor about staging tables.
const stagingSubject = "staging"

// flags adds what CheckFlags found to the report. It returns false for a fault.
func (d *doctorRun) flags(err error) bool {
	var fault *model.FlagError
	if !errors.As(err, &fault) {
		return true
	}
	d.add(stagingSubject, "fail", fault.Error(), "add to a migration: "+strings.Join(fault.Statements, " "))
	return false
}
