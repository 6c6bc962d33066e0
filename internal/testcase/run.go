package testcase

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// Options are what running cases needs.
type Options struct {
	Pool   *pgxpool.Pool     // the cases run in a schema of their own in its database
	Engine sqlfile.Engine    // of the database behind Pool
	Steps  []transform.Step  // the project's loads and models
	Vars   map[string]string // psql variables that models use
	// Files are the project's migrations and transforms. A file that names the schema of the
	// warehouse, or that changes something outside the schema of the cases, is refused.
	Files []*sqlfile.File
	// Migrate applies the project's migrations to the schema that the pool's unqualified names
	// mean.
	Migrate func(ctx context.Context, pool *pgxpool.Pool) error
	// Done, where set, is told of each case behind its end.
	Done func(Result)
}

// A Result is what came of a case.
type Result struct {
	Case     Case          // the case that ran
	Tables   []Difference  // what differs, in the order of the files; empty where nothing does
	Err      error         // why the case could not be run to its end, nil where it could
	Duration time.Duration // how long the case took
}

// Outcomes of a case.
const (
	OK     = "ok"
	Failed = "fail"
	Broken = "error"
)

// Outcome is OK, Failed or Broken.
func (r Result) Outcome() string {
	switch {
	case r.Err != nil:
		return Broken
	case len(r.Tables) > 0:
		return Failed
	}
	return OK
}

// Run runs cases one after the other, each from an empty warehouse: first a run over nothing, then
// a run behind each step, then a replay. Checks do not run. An error is about all of them; what is
// wrong with one stands in its Result.
func Run(ctx context.Context, cases []Case, o Options) ([]Result, error) {
	// A user who may use no schema has none.
	var live string
	const current = "SELECT COALESCE(CAST(current_schema() AS VARCHAR(127)), '')"
	if err := o.Pool.QueryRow(ctx, current).Scan(&live); err != nil {
		return nil, fmt.Errorf("read current schema: %w", err)
	}
	for _, file := range o.Files {
		if err := unqualified(file, o.Engine, live); err != nil {
			return nil, err
		}
		if err := outside(file, o.Engine); err != nil {
			return nil, err
		}
	}
	// A dwh that was killed may have left an extension too.
	if err := sweep(ctx, o.Pool, o.Engine); err != nil {
		return nil, err
	}
	installed, err := readExtensions(ctx, o.Pool, o.Engine, live)
	if err != nil {
		return nil, err
	}
	for _, file := range o.Files {
		if err := installed.check(file, o.Engine); err != nil {
			return nil, err
		}
	}
	h, err := makeHome(ctx, o.Pool, o.Engine, installed.schemas())
	if err != nil {
		return nil, err
	}
	defer h.close(ctx)
	if err := o.Migrate(ctx, h.pool); err != nil {
		return nil, installed.explain(err)
	}
	b := &bench{Options: o, home: h}
	if err := b.open(ctx); err != nil {
		return nil, err
	}
	var results []Result
	for _, c := range cases {
		result := Result{Case: c}
		started := time.Now()
		if result.Tables, result.Err = b.try(ctx, c); ctx.Err() != nil {
			return results, ctx.Err()
		}
		result.Duration = time.Since(started)
		results = append(results, result)
		if o.Done != nil {
			o.Done(result)
		}
	}
	return results, nil
}

// bench is a migrated schema in which one case after the other runs.
type bench struct {
	Options
	home   *home
	tables map[catalogue.Name]catalogue.Table
	types  schema.Schema
	graph  *model.Graph
	used   bool // a case may have left rows
	built  bool // the models were built over nothing
	void   bool // over nothing they give nothing
}

// open reads what the migrations have made.
func (b *bench) open(ctx context.Context) (err error) {
	if b.tables, err = catalogue.Read(ctx, b.home.pool, b.Engine, b.home.schema); err != nil {
		return err
	}
	if b.types, err = catalogue.SchemaOf(ctx, b.home.pool, b.Engine, b.home.schema, b.tables); err != nil {
		return err
	}
	b.graph, err = transform.Graph(b.Steps, b.types, b.Engine)
	return err
}

// try runs a case.
func (b *bench) try(ctx context.Context, c Case) ([]Difference, error) {
	if err := b.check(c); err != nil {
		return nil, err
	}
	runner, err := transform.New(transform.Options{
		Pool: b.home.pool, Engine: b.Engine, Version: "test", Steps: b.Steps, Vars: b.Vars,
		Loading: transform.Loading{NoLoad: true}, Building: transform.Building{Scratch: b.home.schema},
	})
	if err != nil {
		return nil, err
	}
	run := func() error {
		_, err := runner.Run(ctx, "test", nil)
		return err
	}
	// Whatever is given arrives at a warehouse that was built before: each step is an increment.
	if err := b.begin(ctx, run); err != nil {
		return nil, err
	}
	var differences []Difference
	compare := func(files []*File) error {
		for _, file := range files {
			d, err := b.compare(ctx, file)
			if err != nil {
				return err
			}
			if d != nil {
				differences = append(differences, *d)
			}
		}
		return nil
	}
	for _, step := range c.Steps {
		for _, file := range step.Given {
			if err := b.stage(ctx, file); err != nil {
				return nil, err
			}
		}
		if err := run(); err != nil {
			return nil, err
		}
		if err := compare(step.Then); err != nil {
			return nil, err
		}
	}
	if err := compare(c.Then); err != nil {
		return nil, err
	}
	replayed, err := b.replay(ctx, runner)
	return append(differences, replayed...), err
}

// check refuses files of tables or columns that do not exist, or that no case has a say in.
func (b *bench) check(c Case) error {
	then := slices.Clone(c.Then)
	for _, step := range c.Steps {
		for _, file := range step.Given {
			if err := b.checkGiven(file); err != nil {
				return err
			}
		}
		then = append(then, step.Then...)
	}
	for _, file := range then {
		if err := b.checkThen(file); err != nil {
			return err
		}
	}
	return nil
}

// stagingTables are the tables that rows are given to: those that 0xx files load, and others whose
// rows have the flag and are read by models.
func (b *bench) stagingTables() []string {
	names := b.graph.Staging()
	for _, step := range b.Steps {
		if _, exists := b.tables[step.Table]; step.Load && exists && !slices.Contains(names, string(step.Table)) {
			names = append(names, string(step.Table))
		}
	}
	slices.Sort(names)
	return names
}

// modelTables are the tables that models and scripts write, in their order.
func (b *bench) modelTables() []string {
	var names []string
	for _, m := range b.graph.Models {
		all := m.Writes
		if m.Stored && m.Kind != model.Script {
			all = []string{m.Name}
		}
		for _, name := range all {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

func (b *bench) checkGiven(file *File) error {
	if staging := b.stagingTables(); !slices.Contains(staging, file.Table) {
		if _, exists := b.tables[catalogue.Name(file.Table)]; exists || b.graph.Model(file.Table) != nil {
			return file.errorAt(1, 0, file.Table+" is not a staging table",
				"rows can only be given to staging tables: "+strings.Join(staging, ", "))
		}
		return file.unknownTable(staging, "rows can only be given to staging tables")
	}
	for _, column := range file.Columns {
		if column.Text == model.FlagColumn {
			return file.valueError(column, model.FlagColumn+" is set by dwh in a run", "remove the column")
		}
	}
	return file.checkColumns(b.columnsOf(file.Table))
}

func (b *bench) checkThen(file *File) error {
	if _, exists := b.tables[catalogue.Name(file.Table)]; !exists {
		if b.graph.Model(file.Table) != nil {
			return file.errorAt(1, 0, file.Table+" is a helper and has no table",
				"models compute "+strings.Join(b.modelTables(), ", "))
		}
		return file.unknownTable(append(b.modelTables(), b.stagingTables()...), "models make")
	}
	return file.checkColumns(b.columnsOf(file.Table))
}

func (b *bench) columnsOf(table string) []string {
	var names []string
	for _, column := range b.tables[catalogue.Name(table)].Columns {
		names = append(names, string(column))
	}
	return names
}

// begin takes the rows of the case before out of the schema, and has run build the models over
// nothing. Where they give nothing then, once is enough.
func (b *bench) begin(ctx context.Context, run func() error) error {
	names := b.modelTables()
	slices.Reverse(names) // facts may refer to dimensions
	names = append(names, b.stagingTables()...)
	if b.used && !b.void {
		names = append(names, "dwh_transform")
	}
	for _, name := range names {
		if !b.used {
			break
		}
		if _, err := b.home.pool.Exec(ctx, catalogue.DeleteAll(b.at(name))); err != nil {
			return fmt.Errorf("empty %s: %w", name, err)
		}
	}
	b.used = true
	if b.void {
		return nil
	}
	if err := run(); err != nil || b.built {
		return err
	}
	b.built = true
	for _, name := range b.modelTables() {
		var filled bool
		if err := b.home.pool.QueryRow(ctx, catalogue.HasRows(b.at(name))).Scan(&filled); err != nil || filled {
			return err
		}
	}
	b.void = true
	return nil
}

// at is a table of the schema.
func (b *bench) at(name string) catalogue.Table {
	return b.tables[catalogue.Name(name)].In(b.home.schema).Named(catalogue.Name(name))
}
