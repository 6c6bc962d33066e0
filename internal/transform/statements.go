package transform

import (
	"context"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/publish"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// An Occasion is a kind of run, as `dwh render --as` names it.
type Occasion string

// The occasions.
const (
	AsFirst     Occasion = "first"     // nothing is built yet
	AsIncrement Occasion = "increment" // every staging table has new rows
	AsReplay    Occasion = "replay"    // everything is built again and compared
)

// Occasions are all of them.
func Occasions() []Occasion { return []Occasion{AsFirst, AsIncrement, AsReplay} }

// Offline is what derives statements without a database.
type Offline struct {
	Engine sqlfile.Engine    // that the statements are for
	Steps  []Step            // the project's loads and models
	Tables schema.Schema     // as the migrations leave them behind
	Vars   map[string]string // values of psql variables
	Live   string            // the schema of the tables that readers use
	Only   []string          // names of steps; empty: every model
}

// Statements returns what a run of this kind sends for the models, in order, each with a comment:
// from the scratch schema's making to its end. Loads and the checks of the gate are not among them.
// Every table is assumed to hold model.AssumedRows rows, so that no step is left out.
func (o Offline) Statements(ctx context.Context, as Occasion) ([]model.Statement, error) {
	graph, err := Graph(o.Steps, o.Tables, o.Engine)
	if err != nil {
		return nil, err
	}
	var chosen []*model.Model
	for _, m := range graph.Models {
		if len(o.Only) == 0 || slices.Contains(o.Only, m.Step) {
			chosen = append(chosen, m)
		}
	}
	s := script{Offline: o, graph: graph, rec: &model.Recorder{CountCreated: o.Engine == sqlfile.Redshift}}
	s.run = model.NewRun(model.Options{
		Graph: graph, Session: s.rec, Vars: o.Vars, Scratch: string(scratch), Live: o.Live, Staged: s.staged(),
		Large: DefaultParallelRows,
	})
	s.add("", "an earlier version may have left the scratch schema behind", catalogue.DropSchema(scratch))
	s.add("", "the schema that this run computes in", catalogue.CreateSchema(scratch))
	live := catalogue.SetSearchPath(catalogue.Name(o.Live))
	s.add("", "names without a schema mean the tables that readers use", live)
	if as == AsIncrement {
		err = s.increment(ctx, chosen)
	} else {
		err = s.build(ctx, chosen, as)
	}
	if err != nil {
		return nil, err
	}
	// A first load of PostgreSQL stages its rows as processed.
	if len(o.Only) == 0 && (as != AsFirst || o.Engine == sqlfile.Redshift) {
		for _, name := range graph.Staging() {
			s.add("", "the tables hold these rows of "+name+" now", catalogue.FlagProcessed(s.table(name)))
		}
	}
	s.add("", "nothing stays of what this run computed in", catalogue.DropSchema(scratch))
	for i, statement := range s.rec.Statements {
		if !strings.HasPrefix(statement.SQL, "-- ") {
			s.rec.Statements[i].SQL = "-- " + statement.Model + ": as the script has it\n" + statement.SQL
		}
	}
	return s.rec.Statements, nil
}

// script gathers the statements of one run.
type script struct {
	Offline
	graph *model.Graph
	rec   *model.Recorder
	run   *model.Run
}

// staged has every staging table hold new rows.
func (s *script) staged() map[string]model.Staged {
	out := map[string]model.Staged{}
	for _, name := range s.graph.Staging() {
		out[name] = model.Staged{Unprocessed: model.AssumedRows}
	}
	return out
}

func (s *script) add(name, note, sql string) {
	if name != "" {
		note = name + ": " + note
	}
	s.rec.Statements = append(s.rec.Statements, model.Statement{Model: name, SQL: "-- " + note + "\n" + sql})
}

// table is a live table as the runner's catalogue has it.
func (s *script) table(name string) catalogue.Table {
	found := s.Tables[name]
	out := catalogue.Table{Schema: catalogue.Name(s.Live), Name: catalogue.Name(name)}
	for _, column := range found.Columns {
		out.Columns = append(out.Columns, catalogue.Name(column.Name))
		if column.NotNull {
			out.Required = append(out.Required, catalogue.Name(column.Name))
		}
	}
	for _, column := range found.Key {
		out.Key = append(out.Key, catalogue.Name(column))
	}
	return out
}

// increment derives an increment. What the chosen models read is computed with them: the change of
// a model follows from theirs.
func (s *script) increment(ctx context.Context, chosen []*model.Model) error {
	return s.run.Increment(ctx, s.graph.Upstream(chosen...), func(*model.Model, model.Change) error { return nil })
}

// build derives a build of everything and what follows it: a first load of PostgreSQL copies what
// was built into the empty tables; every other build is compared with what stands there.
func (s *script) build(ctx context.Context, chosen []*model.Model, as Occasion) error {
	var built []catalogue.Table
	asked := map[catalogue.Name]bool{}
	if as == AsReplay && s.Engine == sqlfile.Postgres {
		s.run.Holds = func(_ context.Context, m *model.Model, rows string) (int64, bool, error) {
			live := givenColumns(s.table(m.Name), m)
			asked[live.Name] = true
			s.sameRows(live, rows)
			return 0, false, nil
		}
	}
	err := s.run.Build(ctx, chosen, func(m *model.Model, _ *model.Table) error {
		for _, name := range stores(m) {
			live := givenColumns(s.table(string(name)), m)
			live.Key, _ = publish.ComparedBy(live)
			if len(live.Key) == 0 {
				return errIncomparable(m.File(), name)
			}
			built = append(built, live)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if as == AsFirst && s.Engine == sqlfile.Postgres {
		for _, live := range built {
			s.add(string(live.Name), "fill its empty table", catalogue.InsertAll(live, live.In(scratch)))
		}
		return nil
	}
	for _, live := range built {
		s.compare(live, asked[live.Name])
	}
	for _, live := range built {
		difference := publish.DifferenceTable(live, scratch)
		s.add(string(live.Name), "take out what differs", catalogue.DeleteDifferent(live, difference))
		insert := catalogue.InsertDifferent(live, live.In(scratch), difference)
		s.add(string(live.Name), "put in what was built instead", insert)
	}
	return nil
}

// sameRows derives the question whether a table has the rows of what a FROM names.
func (s *script) sameRows(live catalogue.Table, built string) {
	s.add(
		string(live.Name), "TRUE: nothing differs, and the rest is left out; dwh draws the seed of the hashes",
		catalogue.SameRows(live, built, 1),
	)
}

// compare derives what Runner.compare sends where something differs. asked says that the rows were
// compared as they were computed.
func (s *script) compare(live catalogue.Table, asked bool) {
	name, rebuilt, difference := string(live.Name), live.In(scratch), publish.DifferenceTable(live, scratch)
	if s.Engine == sqlfile.Postgres {
		if !asked {
			s.sameRows(live, rebuilt.SQL())
		}
		s.add(name, "count the values of what was built", catalogue.Analyze(rebuilt))
	}
	create := catalogue.CreateDifference(difference, live, rebuilt)
	s.add(name, "the keys whose rows differ from those that readers see", create)
	s.add(name, "how many are new, changed and gone", catalogue.CountDifference(difference))
}

// ParseStep reads one file of transforms, for whoever wants to see the faults of each.
func ParseStep(file *sqlfile.File, engine sqlfile.Engine) (Step, error) { return newStep(file, engine) }
