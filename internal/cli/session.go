package cli

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/sparkify/dwh/internal/bookkeeping"
	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/embedded"
	"github.com/sparkify/dwh/internal/lint"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/suggest"
	"github.com/sparkify/dwh/internal/transform"
	"github.com/sparkify/dwh/internal/warehouse"
	"github.com/sparkify/dwh/migrations"
	"github.com/sparkify/dwh/transforms"
)

// project is the SQL that a command works with: the embedded files, or those of --project.
type project struct {
	migrations, transforms       fs.FS
	migrationsDir, transformsDir string // how errors call the folders
	reports, checks              fs.FS  // a user's own; nil for none
	reportsDir, checksDir        string
	tests                        fs.FS // test cases; nil for none
	testsDir                     string
	folder                       string // of --project, "" for the embedded files
	parsed                       *parsed
	variables                    map[string]string // values of psql variables in models
}

// parsed is what several parts of a command ask a project for.
type parsed struct {
	mu      sync.Mutex
	engine  map[sqlfile.Engine][]transform.Step
	schemas []string // that the connection works in; nil for the default one
}

// opened are the projects opened before, by folder: a command asks for its own several times.
type opened struct {
	projects map[string]project
	schemas  []string // that the connection works in; nil while no configuration is read
}

// openProject opens the project of a configuration, with its variables.
func (a *app) openProject(cfg *config.Config) (project, error) {
	p, err := a.openFolder(cfg.Project)
	p.variables = cfg.SQLVariables()
	return p, err
}

// openFolder opens the project in a folder, or returns it if it is open already.
func (a *app) openFolder(folder string) (project, error) {
	p, known := a.opened.projects[folder]
	if !known {
		var err error
		if p, err = openProject(folder); err != nil {
			return p, err
		}
		a.opened.projects[folder] = p
	}
	p.parsed.mu.Lock()
	defer p.parsed.mu.Unlock()
	p.parsed.schemas = a.opened.schemas
	return p, nil
}

// openProject finds the SQL. A folder that has neither migrations nor transforms, reports nor
// checks is a usage error. The migrations or transforms that it lacks are the embedded project's;
// but a project with migrations of its own has no transforms then.
func openProject(folder string) (project, error) {
	p := project{
		migrations: migrations.FS, transforms: transforms.FS, migrationsDir: "migrations",
		transformsDir: "transforms", folder: folder,
		tests: transforms.Tests(), testsDir: "transforms/tests",
		parsed: &parsed{engine: map[sqlfile.Engine][]transform.Step{}},
	}
	if folder == "" {
		return p, nil
	}
	found := false
	sub := func(name string) (fs.FS, string, bool) {
		at := filepath.Join(folder, name)
		if info, err := os.Stat(at); err != nil || !info.IsDir() {
			return nil, "", false
		}
		found = true
		return config.Folder(at), filepath.ToSlash(at), true
	}
	if fsys, dir, ok := sub("migrations"); ok {
		p.migrations, p.migrationsDir = fsys, dir
	}
	if fsys, dir, ok := sub("transforms"); ok {
		p.transforms, p.transformsDir = fsys, dir
	} else if p.migrations != fs.FS(migrations.FS) {
		// The shipped models and their checks have no tables there.
		p.transforms, p.transformsDir = embed.FS{}, filepath.ToSlash(filepath.Join(folder, "transforms"))
	}
	if fsys, dir, ok := sub("tests"); ok || p.ownTransforms() {
		p.tests, p.testsDir = fsys, cmp.Or(dir, "tests")
	}
	p.reports, p.reportsDir, _ = sub("reports")
	p.checks, p.checksDir, _ = sub("checks")
	if !found {
		return p, &UsageError{
			Msg: fmt.Sprintf(
				"--project %s: there is no migrations, transforms, reports or checks folder in it",
				folder,
			),
			Advice: "name the folder that contains them",
		}
	}
	return p, nil
}

// ownTransforms tells whether the transforms are a user's, who may have none.
func (p project) ownTransforms() bool { return p.transforms != fs.FS(transforms.FS) }

// steps are the project's transforms. A project without transforms is an error.
func (p project) steps(engine sqlfile.Engine) ([]transform.Step, error) {
	p.parsed.mu.Lock()
	defer p.parsed.mu.Unlock()
	steps, known := p.parsed.engine[engine]
	if !known {
		var err error
		if steps, err = transform.Steps(p.transforms, p.transformsDir, engine); err != nil {
			return nil, err
		}
		p.parsed.engine[engine] = steps
	}
	return transform.WithVariables(steps, p.variables), nil
}

// stepsIfAny is steps for commands that also work in a project without transforms: it returns no
// steps for such a project.
func (p project) stepsIfAny(engine sqlfile.Engine) ([]transform.Step, error) {
	steps, err := p.steps(engine)
	if errors.Is(err, transform.ErrNoTransforms) {
		return nil, nil
	}
	return steps, err
}

// shippedChecks are the checks that need no file of the project: those that follow from its models,
// and those of the embedded project where it is that one.
func (p project) shippedChecks(engine sqlfile.Engine) ([]check.Check, error) {
	steps, err := p.stepsIfAny(engine)
	if err != nil || len(steps) == 0 { // nothing is loaded or derived
		return nil, err
	}
	tables, err := p.tables(engine)
	if err != nil {
		tables = nil // what is wrong with the migrations is told where they run
	}
	all, err := transform.Derived(steps, tables)
	if err == nil && p.embedded() {
		all = append(all, embedded.Checks()...)
	}
	return all, err
}

// allChecks are the shipped checks and the project's, which may use vars; a project's check of the
// same name replaces the shipped one.
func (p project) allChecks(engine sqlfile.Engine, vars map[string]string) ([]check.Check, error) {
	all, err := p.shippedChecks(engine)
	if err != nil || p.checks == nil {
		return all, err
	}
	own, err := check.Project(p.checks, p.checksDir, engine, vars)
	if err != nil {
		return nil, err
	}
	return override(all, own, func(c check.Check) string { return c.Name }), nil
}

func override[T any](all, own []T, name func(T) string) []T {
	for _, item := range own {
		replaced := false
		for i := range all {
			if name(all[i]) == name(item) {
				all[i], replaced = item, true
			}
		}
		if !replaced {
			all = append(all, item)
		}
	}
	return all
}

// session is an open warehouse with the project that belongs to it.
type session struct {
	app       *app
	cfg       *config.Config
	project   project
	warehouse *warehouse.Warehouse
	// portability are warnings: what leaves the portable subset in a project for PostgreSQL alone.
	portability []lint.Finding
}

// begin opens the project and the warehouse; write says that the command is going to write, and
// names the target first.
func (a *app) begin(ctx context.Context, cfg *config.Config, write bool) (*session, error) {
	p, err := a.openProject(cfg)
	if err != nil {
		return nil, err
	}
	a.warnIgnoredChecks(cfg, p)
	s := &session{app: a, cfg: cfg, project: p}
	if write {
		s.warehouse, err = a.openToWrite(ctx, cfg)
	} else {
		s.warehouse, err = a.open(ctx, cfg)
	}
	if err != nil {
		return nil, err
	}
	if write && a.teller != nil {
		// What is wrong with the checks is told where they run.
		checks, _ := p.allChecks(s.warehouse.Engine(), cfg.SQLVariables())
		a.teller.opened(ctx, s.warehouse, checks)
	}
	return s, nil
}

// warnIgnoredChecks warns of settings for checks that the project does not have: those of the
// embedded project. The checks of other projects take their values from variables.
func (a *app) warnIgnoredChecks(cfg *config.Config, p project) {
	if p.embedded() {
		return
	}
	for _, setting := range []struct{ key, variable string }{
		{"checks.matched_share_warn_below", "matched_share_warn_below"}, {"checks.max_age", "max_age_hours"},
	} {
		origin := cfg.Origin(setting.key)
		if origin.Kind == config.Default {
			continue
		}
		advice := "a check of your own takes values from variables: in dwh.yaml"
		if _, known := cfg.Variables[setting.variable]; known {
			advice = fmt.Sprintf("set %s under variables: in dwh.yaml", setting.variable)
		}
		a.out.Warn("%s: %s has no effect: only the project that dwh ships has its check; %s", origin, setting.key,
			advice)
	}
}

// beginLinted is begin for commands that run the project's SQL, in which find, app.findings or
// a part of it, looks for faults while the warehouse is connected to.
func (a *app) beginLinted(ctx context.Context, cfg *config.Config, write bool,
	find func(project) ([]lint.Finding, error)) (*session, error) {
	p, err := a.openProject(cfg)
	if err != nil {
		return nil, err
	}
	var beside errgroup.Group
	var warnings, faults []lint.Finding
	beside.Go(func() error {
		findings, err := find(p)
		warnings, faults = weigh(findings, cfg)
		return err
	})
	s, err := a.begin(ctx, cfg, write)
	failed := beside.Wait()
	if err != nil {
		return nil, err
	}
	if failed = cmp.Or(failed, lint.Err(faults)); failed != nil {
		s.close()
		return nil, failed
	}
	s.portability = warnings
	return s, nil
}

func (s *session) close() {
	s.app.teller.closing(s.warehouse)
	s.warehouse.Close()
}

// migrator opens the project's migrations; the caller closes it.
func (s *session) migrator(ctx context.Context) (*migration.Migrator, error) {
	steps, err := s.project.steps(s.warehouse.Engine())
	var models migration.Dependents = transform.Dependents(steps)
	if err != nil {
		models = migration.Unknown{} // what is wrong with them is told where they run
	}
	return migration.New(ctx, s.warehouse.Pool(), migration.Options{
		Models: models, Failpoint: s.app.failpoint,
		Engine: s.warehouse.Engine(), FS: s.project.migrations, Dir: s.project.migrationsDir,
		Wait: s.cfg.Wait, Logger: s.app.log,
	})
}

// requireCurrent fails while a migration is pending.
func (s *session) requireCurrent(ctx context.Context) error {
	if current, err := migration.Current(ctx, s.warehouse.Pool(), s.project.migrations); current || err != nil {
		return err
	}
	m, err := s.migrator(ctx)
	if err != nil {
		return err
	}
	defer m.Close()
	err = m.RequireCurrent(ctx)
	var pending *migration.PendingError
	if hint := cmp.Or(forgottenProject(s.cfg), shippedProject(s.cfg)); hint != "" && errors.As(err, &pending) {
		return &pendingError{PendingError: pending, hint: hint}
	}
	return err
}

// requireJournal is requireCurrent for commands that read nothing but dwh's own tables: a pending
// migration of the project does not matter to them.
func (s *session) requireJournal(ctx context.Context) error {
	if state, err := bookkeeping.Read(ctx, s.warehouse.Pool()); err == nil && state.Current() {
		return nil
	}
	return s.requireCurrent(ctx)
}

// A pendingError is a *migration.PendingError of the shipped project, where the user may have meant
// another one.
type pendingError struct {
	*migration.PendingError
	hint string
}

// Hint says what to do about it.
func (e *pendingError) Hint() string { return suggest.Note(e.PendingError.Hint(), e.hint) }

// Unwrap returns the error without that hint.
func (e *pendingError) Unwrap() error { return e.PendingError }

// settings are the checks' settings.
func (s *session) settings() check.Settings {
	return check.Settings{MatchedShare: s.cfg.Checks.MatchedShareWarnBelow, MaxAge: s.cfg.Checks.MaxAge}
}

// runs says what a command's runs may do and have to do.
type runs struct {
	noReplay  bool // fail instead of replaying a stale warehouse
	fullCheck bool // all checks follow each run
	checks    bool // only checks run: the project may have no transforms
}

// runner returns a runner over the project's transforms that tells watch what happens.
func (s *session) runner(r runs, watch progress.Observer) (*transform.Runner, error) {
	read := s.project.steps
	if r.checks {
		read = s.project.stepsIfAny
	}
	steps, err := read(s.warehouse.Engine())
	if err != nil {
		return nil, err
	}
	checks, err := s.project.allChecks(s.warehouse.Engine(), s.cfg.SQLVariables())
	if err != nil {
		return nil, err
	}
	store := s.app.store(s.cfg)
	copier, err := s.copier(store, watch)
	if err != nil {
		return nil, err
	}
	return transform.New(transform.Options{
		Pool: s.warehouse.Pool(), Engine: s.warehouse.Engine(), Version: Version(),
		Steps: steps, Vars: s.cfg.SQLVariables(), Wait: s.cfg.Wait, NoReplay: r.noReplay,
		Loading: transform.Loading{
			Copier: copier, Store: store,
			BatchObjects: s.cfg.Load.BatchObjects, BatchBytes: s.cfg.Load.BatchBytes,
		},
		Checking: transform.Checking{Checks: checks, Settings: s.settings(), FullCheck: r.fullCheck},
		Building: transform.Building{
			ParallelRows: int64(s.cfg.Transform.ParallelRows), Flush: s.warehouse.Flush(),
		},
		Watching: transform.Watching{Logger: s.app.log, Observer: watch, Failpoint: s.app.failpoint},
	})
}

func (a *app) store(cfg *config.Config) *objectstore.Store {
	return objectstore.New(
		objectstore.Options{Region: cfg.Region, Anonymous: cfg.Anonymous, Concurrency: cfg.Load.Workers, Logger: a.log},
	)
}
