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
	const subject = "staging"
	pool, engine := s.warehouse.Pool(), s.warehouse.Engine()
	live, err := catalogue.CurrentSchema(ctx, pool)
	if err != nil {
		d.fail(subject, err, "")
		return false
	}
	tables, err := catalogue.ReadSchema(ctx, pool, engine, live)
	if err != nil {
		d.fail(subject, err, "")
		return false
	}
	var fault *model.FlagError
	if err := transform.CheckFlags(steps, tables); errors.As(err, &fault) {
		d.add(subject, "fail", fault.Error(), "add to a migration: "+strings.Join(fault.Statements, " "))
		return false
	}
	d.add(subject, "ok", "staging tables have their column processed", "")
	return true
}
