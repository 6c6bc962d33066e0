package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/nativecopy"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// redshift looks at what only Redshift has: its isolation level, and how far its role reaches.
func (d *doctorRun) redshift(ctx context.Context, s *session) {
	if s.warehouse.Engine() != sqlfile.Redshift {
		return
	}
	d.isolation(ctx, s)
	steps, err := s.project.steps(sqlfile.Redshift)
	if err != nil {
		d.fail("COPY", err, "")
		return
	}
	store := d.app.store(d.cfg)
	chosen, err := s.copier(store, func(progress.Event) {})
	if err != nil {
		d.fail("COPY", err, "")
		return
	}
	copier, ok := chosen.(*redshiftCopier)
	if !ok {
		return
	}
	vars := d.cfg.SQLVariables()
	for _, step := range steps {
		if step.Load && step.Configured(vars) {
			d.reach(ctx, s, copier, step, vars)
		}
	}
}

// isolation tells the database's isolation level. At SERIALIZABLE reports and dashboards, which
// only read, take part in the cycles of transactions that end in error 1023
// (dbt-labs/dbt-redshift#21); at SNAPSHOT a writer meets the other writers alone.
func (d *doctorRun) isolation(ctx context.Context, s *session) {
	const subject = "isolation level"
	change := "ALTER DATABASE " + catalogue.Name(s.warehouse.Database()).SQL() + " ISOLATION LEVEL SNAPSHOT;"
	var level string
	err := s.warehouse.Pool().QueryRow(
		ctx,
		`SELECT TRIM(isolation_level) FROM stv_db_isolation_level WHERE db_name = current_database()`,
	).Scan(
		&level,
	)
	var refused *pgconn.PgError
	switch {
	case errors.Is(err, pgx.ErrNoRows), errors.As(err, &refused) && refused.Code == "42501":
		d.add(
			subject,
			"warn",
			fmt.Sprintf(
				"user %s may not read the isolation level; with SERIALIZABLE, readers conflict with writers (error "+
					"1023)",
				s.warehouse.User(),
			),
			"as a superuser: SELECT * FROM stv_db_isolation_level; if it says Serializable: "+change,
		)
	case err != nil:
		d.fail(subject, err, "")
	case strings.HasPrefix(strings.ToLower(level), "serializable"):
		d.add(
			subject,
			"warn",
			level+": readers conflict with writers, whose transactions then fail with error 1023 and run again",
			change,
		)
	default:
		d.add(subject, "ok", level+"; conflicting transactions are retried", "")
	}
}

// reach has Redshift parse the first object of a source, without loading it, and rolls back.
func (d *doctorRun) reach(
	ctx context.Context, s *session, copier *redshiftCopier, step transform.Step,
	vars map[string]string,
) {
	subject := "COPY " + string(step.Table)
	expanded, err := copystmt.Bind(step.File.Statements(sqlfile.Redshift)[0], vars)
	if err != nil {
		d.fail(subject, err, "")
		return
	}
	statement, err := copystmt.Parse(expanded)
	if err != nil {
		d.fail(subject, err, "")
		return
	}
	filled := func(o objectstore.Object) bool { return o.Size > 0 }
	_, first, err := firstTaken(ctx, copier.store, step, statement, filled)
	if err != nil || first.URL == "" {
		return // the source's own line says so
	}
	if why := copier.byInsert(statement, []objectstore.Object{first}); why != "" {
		d.add(subject, "ok", "loaded by INSERTs: "+why, "")
		return
	}
	if err := copier.Check(statement); err != nil {
		d.fail(subject, err, "")
		return
	}
	conn, err := s.warehouse.Pool().Acquire(ctx)
	if err != nil {
		d.fail(subject, err, "")
		return
	}
	defer conn.Release()
	tx, err := conn.Begin(ctx)
	if err != nil {
		d.fail(subject, err, "")
		return
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	statement.NoLoad = true
	_, err = copier.native.Copy(ctx, conn.Conn(), statement, []objectstore.Object{first}, nil)
	var tooMany *clientcopy.MaxErrorError
	var fatal *clientcopy.FatalError
	var refused *nativecopy.Error
	switch {
	case err == nil:
		d.add(subject, "ok", "Redshift reads the source and the work prefix", "")
	case errors.As(err, &tooMany), errors.As(err, &fatal):
		d.add(
			subject, "warn",
			fmt.Sprintf("Redshift reads the source and the work prefix, but refuses records of %s", first.URL),
			`see them with "dwh reject list" after a run`,
		)
	case errors.As(err, &refused):
		d.fail(subject, refused, "")
	default:
		d.fail(
			subject, err,
			"the role of --iam-role needs s3:GetObject on the data, the JSONPaths file and the work prefix",
		)
	}
}
