package cli

import (
	"errors"
	"slices"

	"github.com/sparkify/dwh/internal/lint"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// Rules about models, which know what is read and what the tables' columns are.
var (
	modelRule = lint.Rule{
		Name: "model", Why: "a model that a run would refuse", Instead: "see the hint", Always: true,
	}
	columnRule = lint.Rule{
		Name: "column", Why: "a check or a report names a column that its tables do not have",
		Instead: "see the hint",
	}
	floatSumRule = lint.Rule{
		Name:    "float-sum",
		Why:     "the last digits of SUM and AVG over DOUBLE PRECISION depend on the order of the rows (a warning)",
		Instead: "CAST the value to NUMERIC(p, s) first",
	}
	wholeAverageRule = lint.Rule{
		Name:    "integer-avg",
		Why:     "AVG over whole numbers is a whole number on Redshift, and has decimals on PostgreSQL (a warning)",
		Instead: "CAST the value to NUMERIC(p, s) first",
	}
	correlatedRule = lint.Rule{
		Name:    "correlated-from",
		Why:     "an increment reads a scratch table without an index, once for each row (a warning)",
		Instead: "a join or a window function",
	}
)

func modelRules() []lint.Rule {
	return []lint.Rule{modelRule, columnRule, copyRule, floatSumRule, wholeAverageRule, correlatedRule}
}

// lintModels checks the models as a run would, and the columns of checks and reports, offline and
// for both engines: against the tables that the migrations leave behind, and models against one
// another.
// In a project for PostgreSQL alone, what only Redshift would refuse is a warning.
func (p project) lintModels(postgresAlone bool) (faults, warnings []lint.Finding, err error) {
	add := func(list *[]lint.Finding, rule lint.Rule, fault *sqlfile.Error) {
		for _, f := range *list {
			if f.Rule.Name == rule.Name && f.Err.Error() == fault.Error() {
				return // the other engine's
			}
		}
		*list = append(*list, lint.Finding{Rule: rule, Err: fault})
	}
	list := &faults
	// noteAs takes an error with a position for a finding.
	noteAs := func(rule lint.Rule, found error) error {
		var fault *sqlfile.Error
		if !errors.As(found, &fault) {
			return found
		}
		rule.Instead = fault.Hint
		if slices.ContainsFunc(faults, func(f lint.Finding) bool { return f.Err.Error() == fault.Error() }) {
			return nil // the other engine's
		}
		add(list, rule, fault)
		return nil
	}
	note := func(found error) error { return noteAs(modelRule, found) }
	files, err := sqlfile.ParseFS(p.transforms, p.transformsDir, "*.sql")
	if err != nil {
		return nil, nil, err
	}
	queries, err := p.ownQueries()
	if err != nil {
		return nil, nil, err
	}
	for _, engine := range []sqlfile.Engine{sqlfile.Postgres, sqlfile.Redshift} {
		if engine == sqlfile.Redshift && postgresAlone {
			list = &warnings
		}
		broken := len(*list)
		for _, file := range files {
			if _, err := transform.ParseStep(file, engine); err != nil {
				if err := note(err); err != nil {
					return nil, nil, err
				}
			}
		}
		if len(*list) > broken {
			continue
		}
		steps, err := p.stepsIfAny(engine)
		if err != nil {
			if err := note(err); err != nil {
				return nil, nil, err
			}
			continue
		}
		tables, err := p.tables(engine)
		if err != nil {
			if err := note(err); err != nil {
				return nil, nil, err
			}
			continue
		}
		for _, query := range queries {
			for _, statement := range query.Statements(engine) {
				if err := model.CheckColumns(statement, tables); err != nil {
					if err := noteAs(columnRule, err); err != nil {
						return nil, nil, err
					}
				}
			}
		}
		graph, err := transform.Graph(steps, tables, engine)
		if err != nil {
			if err := note(err); err != nil {
				return nil, nil, err
			}
			continue
		}
		for _, warning := range graph.Warnings() {
			rule := floatSumRule
			if warning.Rule == correlatedRule.Name {
				rule = correlatedRule
			}
			add(&warnings, rule, warning.Err)
		}
		if postgresAlone {
			continue
		}
		for _, statement := range statements(graph, queries) {
			for _, warning := range graph.Averages(statement) {
				add(&warnings, wholeAverageRule, warning)
			}
		}
	}
	return faults, warnings, nil
}

// statements are those of the models and of the queries, for the models' engine.
func statements(graph *model.Graph, queries []*sqlfile.File) []sqlfile.Statement {
	var out []sqlfile.Statement
	for _, m := range graph.Models {
		out = append(out, m.File().Statements(graph.Engine)...)
	}
	for _, query := range queries {
		out = append(out, query.Statements(graph.Engine)...)
	}
	return out
}

// ownQueries are the files of the project's checks and reports.
func (p project) ownQueries() ([]*sqlfile.File, error) {
	var out []*sqlfile.File
	for _, folder := range p.folders() {
		if folder.fsys == nil || folder.kind != lint.Check && folder.kind != lint.Report {
			continue
		}
		files, err := sqlfile.ParseFS(folder.fsys, folder.dir, folder.files)
		if err != nil {
			return nil, err
		}
		out = append(out, files...)
	}
	return out, nil
}
