package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/transform"
)

// planJSON is a step of the plan.
type planJSON struct {
	Name       string          `json:"name"`
	Kind       string          `json:"kind"` // load, row by row, group by group, whole, script
	Helper     bool            `json:"helper"`
	Writes     []string        `json:"writes"`
	Follows    []string        `json:"follows"` // what a model reads, or the source of a load
	Sources    []sourceJSON    `json:"sources"` // of a load
	Narrowings []narrowingJSON `json:"narrowings"`
	Note       string          `json:"note"`

	// What the next run would find to do; absent where there is no warehouse to ask.
	// new or changed: the text, since the tables were built
	Change   string   `json:"change,omitempty"`
	Diff     string   `json:"diff,omitempty"`
	Replayed bool     `json:"replayed,omitempty"`
	Objects  *int64   `json:"new_objects,omitempty"`
	Bytes    *int64   `json:"new_bytes,omitempty"`
	Problem  string   `json:"problem,omitempty"` // why new objects are not known
	Rows     *int64   `json:"rows,omitempty"`    // that come in, about
	Seconds  *float64 `json:"seconds,omitempty"` // that the step takes, about
}

// sourceJSON is a source of a load.
type sourceJSON struct {
	Name      string  `json:"name"`
	URL       *string `json:"url"`    // null where it is not given
	Origin    *string `json:"origin"` // where the URL comes from
	JSONPaths bool    `json:"jsonpaths"`
	Optional  bool    `json:"optional"`
}

// narrowingJSON says by what an increment finds rows, and which index serves it.
type narrowingJSON struct {
	Name    string   `json:"name"` // the header line
	Table   string   `json:"table"`
	Columns []string `json:"columns"` // columns or expressions; empty for the new rows
	Index   string   `json:"index"`   // "" without one
	Fix     string   `json:"fix"`     // a CREATE INDEX, without one
}

// printPlan prints the graph of the models, which needs no connection: indexes are those of the
// migrations and those behind the COPY of a load. Where there is a warehouse, it also says what the
// next run would find to do.
func (t transformRun) printPlan(ctx context.Context) error {
	p, err := t.app.openProject(t.cfg)
	if err != nil {
		return err
	}
	engine, err := engineOf(t.cfg)
	if err != nil {
		return err
	}
	steps, err := p.steps(engine)
	if err != nil {
		return err
	}
	chosen, err := transform.Select(steps, t.only)
	if err != nil {
		return err
	}
	if err := unknownSources(steps, t.cfg); err != nil {
		return err
	}
	tables, err := p.tables(engine)
	if err != nil {
		return err
	}
	graph, err := transform.Graph(steps, tables, engine)
	if err != nil {
		return err
	}
	plan := planOf(chosen, graph, tables, t.cfg)
	found, err := t.outlook(ctx, chosen)
	if err != nil {
		return err
	}
	if found != nil {
		withOutlook(plan, found)
	}
	if t.json {
		return writeJSON(t.app.out, plan)
	}
	if err := t.printGraph(plan, sourcesOf(chosen, t.cfg)); err != nil || found == nil {
		return err
	}
	return t.printOutlook(found)
}

// printGraph prints the steps, how increments find rows, and the sources.
func (t transformRun) printGraph(plan []planJSON, sources []source) error {
	rowsOf := table.Table{Title: "plan", Columns: columns(
		column{name: "name", narrow: table.NarrowKeep}, column{name: "kind", narrow: table.NarrowWrap},
		column{name: "rows", narrow: table.NarrowFold}, column{name: "follows", narrow: table.NarrowWrap},
		column{name: "note", narrow: table.NarrowWrap})}
	finds := table.Table{
		Title: "narrowings", Columns: columns(
			column{name: "name", narrow: table.NarrowKeep}, column{name: "required by", narrow: table.NarrowWrap},
			column{name: "table", narrow: table.NarrowFold}, column{name: "columns", narrow: table.NarrowWrap},
			column{name: "index", narrow: table.NarrowFold}),
	}
	for _, p := range plan {
		rows := strings.Join(p.Writes, ", ")
		if p.Helper {
			rows = "helper"
		}
		rowsOf.Rows = append(rowsOf.Rows, []any{p.Name, p.Kind, rows, strings.Join(p.Follows, ", "), p.Note})
		for _, n := range p.Narrowings {
			index := n.Index
			if index == "" {
				index = "none"
			}
			finds.Rows = append(finds.Rows, []any{p.Name, n.Name, n.Table, strings.Join(n.Columns, ", "), index})
		}
	}
	if err := t.app.out.Table(rowsOf, table.Text); err != nil {
		return err
	}
	for _, item := range []table.Table{finds, sourceTable(sources)} {
		if len(item.Rows) == 0 {
			continue
		}
		if _, err := fmt.Fprintln(t.app.out.Stdout); err != nil {
			return err
		}
		if err := t.app.out.Table(item, table.Text); err != nil {
			return err
		}
	}
	return nil
}

// sourceTable shows sources.
func sourceTable(sources []source) table.Table {
	out := table.Table{Title: "sources", Columns: columns(
		column{name: "name", narrow: table.NarrowKeep}, column{name: "for", narrow: table.NarrowWrap},
		column{name: "url", narrow: table.NarrowFold}, column{name: "given by", narrow: table.NarrowFold})}
	for _, s := range sources {
		url, origin := s.url, s.origin
		if url == "" {
			url, origin = "not given", ""
			if s.optional() {
				url = "not given (optional)"
			}
		}
		out.Rows = append(out.Rows, []any{s.name, s.loads(), url, origin})
	}
	return out
}

// planOf is the plan of some steps.
func planOf(steps []transform.Step, graph *model.Graph, tables schema.Schema, cfg *config.Config) []planJSON {
	vars := cfg.SQLVariables()
	plan := []planJSON{}
	indexed := model.Indexes(graph.Narrowings(), tables)
	for _, step := range steps {
		p := planJSON{
			Name: step.Name, Kind: "load", Follows: []string{}, Writes: []string{}, Narrowings: []narrowingJSON{},
			Sources: sourcesJSON(step, cfg),
		}
		switch {
		case step.Load && step.Configured(vars):
			p.Writes = append(p.Writes, string(step.Table))
			if source := vars[step.Source]; source != "" {
				p.Follows = append(p.Follows, config.RedactDSN(source))
			}
		case step.Load:
			p.Writes = append(p.Writes, string(step.Table))
			p.Note = fmt.Sprintf("the source %s is not given", step.Source)
			if step.File.Header().Optional {
				p.Note = "skipped: " + p.Note
			}
		default:
			m := graph.Model(step.Model.Name)
			p.Kind, p.Helper = m.Kind.String(), !m.Stored
			p.Follows = append(p.Follows, m.Follows...)
			if m.Kind == model.Script {
				p.Writes = append(p.Writes, m.Writes...)
			} else if m.Stored {
				p.Writes = append(p.Writes, m.Name)
			}
		}
		if graph.Engine == sqlfile.Postgres {
			for _, n := range indexed {
				own := step.Model != nil && n.Model == step.Model.Name
				if n.Model == "" {
					own = step.Name == tellsOf(n.Table, steps)
				}
				if own {
					p.Narrowings = append(p.Narrowings, narrowingJSON{
						Name: n.Line, Table: n.Table, Columns: append([]string{}, n.Columns...),
						Index: n.Index, Fix: n.Fix,
					})
				}
			}
		}
		plan = append(plan, p)
	}
	return plan
}

// sourcesJSON are the sources of a load.
func sourcesJSON(step transform.Step, cfg *config.Config) []sourceJSON {
	out := []sourceJSON{}
	for _, s := range sourcesOf([]transform.Step{step}, cfg) {
		row := sourceJSON{Name: s.name, JSONPaths: s.needs[0].JSONPaths, Optional: s.optional()}
		if s.url != "" {
			row.URL, row.Origin = &s.url, &s.origin
		}
		out = append(out, row)
	}
	return out
}

// tellsOf is the step that tells of the new rows of a staging table: its load, else the first model
// that reads it.
func tellsOf(staging string, steps []transform.Step) string {
	reader := ""
	for _, step := range steps {
		switch {
		case step.Load && string(step.Table) == staging:
			return step.Name
		case step.Model != nil && reader == "" && slices.Contains(step.Model.Follows, staging):
			reader = step.Name
		}
	}
	return reader
}
