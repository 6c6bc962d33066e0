package transform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/publish"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/telemetry"
)

// flagColumn says in a staging table whether the star holds the row.
const flagColumn = catalogue.Processed

// work is what one building transaction knows of the schema, and the scratch schema it builds in.
type work struct {
	tx          pgx.Tx
	engine      sqlfile.Engine
	schema      catalogue.Name // of the scratch
	live        catalogue.Name // of the tables that readers use
	tables      map[catalogue.Name]catalogue.Table
	graph       *model.Graph
	staged      []catalogue.Table        // tables of records with a flag, by name
	idle        time.Time                // when the last step ended, or the work began
	unprocessed map[catalogue.Name]int64 // rows of each that the star does not hold
	built       []dwhdb.FingerprintsRow  // the models that the star follows from
	run         *model.Run               // nil before it begins
	// no model has built anything yet: all of the star is touched
	first    bool
	parallel bool // several processes of the server work for a statement
	// of the tables that are built or loaded in the scratch schema
	handover *publish.Handover
}

// openWork reads the catalogue, checks the models against it, and counts what waits.
func (r *Runner) openWork(ctx context.Context, tx pgx.Tx, scratch catalogue.Name) (*work, error) {
	opened := time.Now()
	live, err := r.currentSchema(ctx, tx)
	if err != nil {
		return nil, err
	}
	w := &work{
		idle: opened,
		tx:   tx, engine: r.Engine, schema: scratch, live: live,
		unprocessed: map[catalogue.Name]int64{},
	}
	w.handover = publish.New(r.publishing(), tx, w.schema)
	if w.tables, err = catalogue.Read(ctx, tx, r.Engine, live); err != nil {
		return nil, err
	}
	tables, err := catalogue.SchemaOf(ctx, tx, r.Engine, live, w.tables)
	if err != nil {
		return nil, err
	}
	if w.graph, err = Graph(r.Steps, tables, r.Engine); err != nil {
		return nil, err
	}
	for name, table := range w.tables {
		if table.Has(flagColumn) && w.graph.IsStaging(string(name)) {
			w.staged = append(w.staged, table)
		}
	}
	if w.built, err = dwhdb.New(tx).Fingerprints(ctx); err != nil {
		return nil, fmt.Errorf("read fingerprints: %w", err)
	}
	w.first = len(w.built) == 0
	slices.SortFunc(w.staged, func(a, b catalogue.Table) int { return strings.Compare(string(a.Name), string(b.Name)) })
	if len(w.staged) == 0 {
		return w, nil
	}
	counts := make([]int64, len(w.staged))
	into := make([]any, len(w.staged))
	for i := range counts {
		into[i] = &counts[i]
	}
	if err := tx.QueryRow(ctx, catalogue.CountUnprocessed(w.staged)).Scan(into...); err != nil {
		return nil, fmt.Errorf("count unprocessed rows: %w", err)
	}
	for i, table := range w.staged {
		w.unprocessed[table.Name] = counts[i]
	}
	return w, nil
}

// enter makes the scratch schema. One that an earlier version left behind goes first.
func (w *work) enter(ctx context.Context) error {
	if err := catalogue.ExecTogether(
		ctx, w.engine, w.tx, catalogue.DropSchema(w.schema), catalogue.CreateSchema(w.schema),
		catalogue.SetSearchPath(w.live),
	); err != nil {
		return fmt.Errorf("make schema %s: %w", w.schema, err)
	}
	return nil
}

// behindScratch has unqualified names mean what stands in the scratch schema first, for the checks.
func (w *work) behindScratch(ctx context.Context) error {
	if err := catalogue.Exec(ctx, w.tx, catalogue.SetSearchPath(w.schema, w.live)); err != nil {
		return fmt.Errorf("set search_path: %w", err)
	}
	return nil
}

// preferParallel makes PostgreSQL's planner think better of parallel plans for the rest of the
// transaction: by default it takes handing a row from one process to another for ten times the work
// of reading it, and has one process build what all of them could
// (https://www.postgresql.org/docs/current/runtime-config-query.html#GUC-PARALLEL-TUPLE-COST).
const preferParallel = "SET LOCAL parallel_tuple_cost = 0.001; SET LOCAL parallel_setup_cost = 100"

// preferParallel has several processes of PostgreSQL work for a run over so many rows.
func (r *Runner) preferParallel(ctx context.Context, w *work, rows int64) error {
	if r.Engine != sqlfile.Postgres || rows < r.ParallelRows {
		return nil
	}
	if err := catalogue.Exec(ctx, w.tx, preferParallel); err != nil {
		return fmt.Errorf("set planner costs: %w", err)
	}
	w.parallel = true
	return nil
}

// beginModels begins the run of the models. arrived are rows beside staging, erase are rows to
// erase.
func (r *Runner) beginModels(w *work, a *load.Arrivals, erase map[string][]model.Erasure) {
	staged := map[string]model.Staged{}
	for _, table := range w.staged {
		s := model.Staged{Unprocessed: w.unprocessed[table.Name], Erase: erase[string(table.Name)]}
		if rows := a.Rows(table.Name); rows > 0 {
			s.Arrived = &model.Table{SQL: a.Beside(table).SQL(), Rows: rows}
			s.Unprocessed -= rows // openWork's count, to which show has added them
		}
		if w.handover.HasCopy(table.Name) {
			s.At = w.handover.At(table).SQL()
		}
		staged[string(table.Name)] = s
	}
	w.run = model.NewRun(model.Options{
		Graph: w.graph, Session: &modelSession{engine: r.Engine, w: w}, Vars: r.Vars,
		Scratch: string(w.schema), Live: string(w.live), Staged: staged, Large: r.ParallelRows,
		Begin: func(ctx context.Context, m *model.Model) (context.Context, func(error)) {
			rows := w.rowsIn(m)
			r.Observer(progress.Event{Kind: progress.StepStarted, Step: m.Step, RowsIn: rows})
			ctx, span := telemetry.Begin(ctx, "transform "+m.Step, telemetry.Step(m.Step))
			return ctx, func(err error) {
				change := w.run.Changes[m.Name]
				written := change.Added + change.Changed + change.Healed
				if built := w.run.BuiltTable(m.Name); built != nil {
					written = built.Rows
				}
				span.End(err, telemetry.RowsIn(rows), telemetry.Rows(written))
			}
		},
	})
}

// total is how many rows wait in all the tables.
func total(waiting map[catalogue.Name]int64) int64 {
	var rows int64
	for _, count := range waiting {
		rows += count
	}
	return rows
}

// leave drops the scratch schema, and runs further statements that clear up.
func (w *work) leave(ctx context.Context, further ...string) error {
	steps := append([]string{catalogue.SetSearchPath(w.live), catalogue.DropSchema(w.schema)}, further...)
	if err := catalogue.ExecTogether(ctx, w.engine, w.tx, steps...); err != nil {
		return fmt.Errorf("drop schema %s: %w", w.schema, err)
	}
	w.handover.Clear()
	return nil
}

// errNoStep says that a model belongs to no step, which cannot be.
var errNoStep = errors.New("the model belongs to no step")

// stepOf is the step of a model.
func (r *Runner) stepOf(m *model.Model) (Step, error) {
	i := slices.IndexFunc(r.Steps, func(s Step) bool { return s.Name == m.Step })
	if i < 0 {
		return Step{}, fmt.Errorf("%s: %w", m.Step, errNoStep)
	}
	return r.Steps[i], nil
}

// rowsIn is how many new rows of staging a model can follow from.
func (w *work) rowsIn(m *model.Model) int64 {
	var rows int64
	seen := map[string]bool{}
	for _, item := range w.graph.Upstream(m) {
		for _, name := range item.Follows {
			if w.graph.IsStaging(name) && !seen[name] {
				seen[name] = true
				rows += w.unprocessed[catalogue.Name(name)]
			}
		}
	}
	return rows
}
