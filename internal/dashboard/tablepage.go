package dashboard

import (
	"cmp"
	"context"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/transform"
)

const (
	sampleRows = 20
	// sampleText is how much of a text a sample shows, in characters.
	sampleText = 160
	// historyRuns is how many of the latest runs a line shows, listedRuns how many are told one by
	// one.
	historyRuns = 60
	listedRuns  = 10
)

// tableBody is what the page of a table shows.
type tableBody struct {
	lineageTable
	Description string
	Engine      string
	SQL         []stepSQL
	Reports     []reportLink
	Checks      []checkLight
	Problem     *problem // why the warehouse could not be asked
	Stored      bool     // the warehouse has such a table
	Columns     []columnRow
	Count       *tableCount // nil where nobody counts it
	Spark       *historyLine
	History     []historyRow
	Sample      *table.Table
	SampleHTML  template.HTML
	SampleFault *problem
}

// columnRow is a column of a table.
type columnRow struct {
	schema.Column
	Key bool // it belongs to the primary key
}

// historyRow is a run of a step.
type historyRow struct {
	dwhdb.StepHistoryRow
	Link string
}

// stepSQL is a transform as the engine gets it.
type stepSQL struct {
	transform.Step
	Text    template.HTML
	Problem *problem
}

// ownTables describes the tables that no transform's header describes.
var ownTables = map[string]string{
	"s_object": "the ledger: one row per object that was loaded",
	"s_reject": "the records that a load refused",
}

// describe is a description without the table's name, which the page has as its title.
func describe(name, description string) string {
	rest, _ := strings.CutPrefix(description, name+":")
	return strings.TrimSpace(rest)
}

// tablePage shows a table, or a helper, from what is known of it and what the warehouse says.
func (s *site) tablePage(r *http.Request) (answer, error) {
	ctx, name := r.Context(), r.PathValue("table")
	found, known := s.lineage.table(name)
	missing := &missingError{
		what:   fmt.Sprintf("table %q in the transforms", excerpt(name, 80)),
		advice: "see all tables at /lineage",
	}
	if !known {
		// The warehouse's own tables have a page too. What else its database holds is not shown.
		if layerName(name) == "" {
			return nil, missing
		}
		found = lineageTable{Name: name, Layer: layerName(name), Link: tablePath(name)}
	}
	body := tableBody{
		lineageTable: found, Description: ownTables[name], Engine: "PostgreSQL", Reports: s.reportsOf(name),
	}
	if s.Engine == "redshift" {
		body.Engine = "Redshift"
	}
	for _, step := range found.Steps {
		body.Description = cmp.Or(body.Description, describe(name, step.Description))
		body.SQL = append(body.SQL, s.stepSQL(step))
	}
	page := view{name: "table", Title: name, Nav: "Lineage"}
	err := s.fillTable(ctx, &body)
	switch {
	case err == nil && !known && !body.Stored:
		return nil, missing
	case err != nil && !known:
		return nil, err
	case err != nil:
		p := problemOf(err)
		body.Problem, page.Again = &p, againAfter(p.Status)
	}
	state, _ := s.source.State()
	l, err := s.look(ctx, state)
	if err != nil {
		return nil, err
	}
	lights, _ := s.lights(state, l.Checks)
	body.Checks = s.checksOf(name, lights)
	if !l.Asked.IsZero() {
		body.State = s.tableState(l, lights, name)
	}
	if i := slices.IndexFunc(l.Counts, func(c tableCount) bool { return c.Table == name }); i >= 0 && body.Stored {
		body.Count = &l.Counts[i]
	}
	page.Body = body
	return page, nil
}

func (s *site) stepSQL(step transform.Step) stepSQL {
	l := stepSQL{Step: step}
	text, err := s.SQL(step)
	if err != nil {
		p := problemOf(err)
		l.Problem = &p
	} else {
		l.Text = highlight(strings.TrimRight(text, "\n"))
	}
	return l
}

// fillTable asks the warehouse for the table's columns, its history and a sample.
func (s *site) fillTable(ctx context.Context, body *tableBody) error {
	var read catalogue.Table
	err := s.warehouse.read(ctx, func(tx pgx.Tx) error {
		home, err := catalogue.CurrentSchema(ctx, tx)
		if err != nil {
			return err
		}
		tables, err := catalogue.Read(ctx, tx, s.Engine, home)
		if err != nil {
			return err
		}
		described, err := catalogue.SchemaOf(ctx, tx, s.Engine, home, tables)
		if err != nil {
			return err
		}
		t, ok := described[body.Name]
		read = tables[catalogue.Name(body.Name)]
		body.Stored = ok && len(read.Columns) > 0
		for _, column := range t.Columns {
			body.Columns = append(body.Columns, columnRow{column, slices.Contains(t.Key, column.Name)})
		}
		return s.fillHistory(ctx, dwhdb.New(tx), body)
	})
	if err != nil || !body.Stored {
		return err
	}
	// In a transaction of its own: a sample that is refused, or takes too long, takes nothing else
	// along.
	if err := s.fillSample(ctx, read, body); err != nil {
		p := problemOf(err)
		body.SampleFault = &p
	}
	return ctx.Err()
}

// fillHistory reads what the table's steps wrote, run by run.
func (s *site) fillHistory(ctx context.Context, db *dwhdb.Queries, body *tableBody) error {
	for _, step := range body.Steps {
		rows, err := db.StepHistory(ctx, step.Name, historyRuns)
		if err != nil {
			return fmt.Errorf("read the journal: %w", err)
		}
		for _, row := range rows {
			body.History = append(body.History, historyRow{row, "/runs/" + url.PathEscape(row.RunID)})
		}
	}
	slices.SortStableFunc(body.History, func(a, b historyRow) int { return b.StartedAt.Compare(a.StartedAt) })
	var written []float64
	for _, row := range slices.Backward(body.History[:min(len(body.History), historyRuns)]) {
		if row.Outcome == "done" && row.RowsOut != nil {
			written = append(written, float64(*row.RowsOut))
		}
	}
	if len(written) >= fewRuns {
		label := fmt.Sprintf(
			"Rows written to %s by each of its latest %s: least %s, most %s", body.Name,
			counted(int64(len(written)), "run"), number(int64(slices.Min(written))),
			number(int64(slices.Max(written))),
		)
		body.Spark = newHistoryLine(written, "Rows written", label)
	}
	body.History = body.History[:min(len(body.History), listedRuns)]
	return nil
}

// fillSample reads some rows. Names of the table and its columns come from the database's
// catalogue.
func (s *site) fillSample(ctx context.Context, read catalogue.Table, body *tableBody) error {
	rows := &bounded{rows: sampleRows, enough: 1, bytes: s.MaxBytes / keptResults}
	var result query.Result
	if err := s.warehouse.read(ctx, func(tx pgx.Tx) (err error) {
		rows.Querier = tx
		result, err = query.Text(
			"sample of "+body.Name, catalogue.Sample(read, s.Engine, sampleRows),
		).Run(ctx, rows, nil, sampleRows)
		return err
	}); err != nil {
		return fmt.Errorf("read a sample: %w", err)
	}
	for _, row := range result.Table.Rows {
		for i, value := range row {
			if text, ok := value.(string); ok {
				row[i] = excerpt(text, sampleText)
			}
		}
	}
	for i := range result.Table.Columns {
		result.Table.Columns[i].Kind = table.KindLabel // as it is stored
	}
	body.Sample = &result.Table
	sample := table.HTMLTable(result.Table, "A sample of "+body.Name)
	body.SampleHTML = template.HTML(sample) //nolint:gosec // HTMLTable escapes
	return nil
}
