package cli

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/suggest"
	"github.com/sparkify/dwh/internal/transform"
)

// publicSchema is where the tables stand that readers use, as long as no connection says otherwise.
const publicSchema = "public"

// tables are those that the project's migrations leave behind. They have the indexes that stand
// behind the COPY of a load too.
func (p project) tables(engine sqlfile.Engine) (schema.Schema, error) {
	files, err := migration.Files(p.migrations, p.migrationsDir)
	if err != nil {
		return nil, err
	}
	p.parsed.mu.Lock()
	schemas := p.parsed.schemas
	p.parsed.mu.Unlock()
	tables, err := schema.FromMigrations(files, engine, schemas...)
	if err != nil {
		return nil, err
	}
	steps, err := p.stepsIfAny(engine)
	if err != nil {
		return nil, err
	}
	return transform.WithLoadIndexes(tables, steps)
}

// runAs prints what a run sends.
func (r renderRun) runAs(ctx context.Context, word string) error {
	const help = "dwh render --help"
	as := transform.Occasion(word)
	if !slices.Contains(transform.Occasions(), as) {
		return &UsageError{
			Msg:    fmt.Sprintf("unknown run %q for --as", word),
			Advice: suggest.Hint(word, occasionNames()), Help: help,
		}
	}
	engine, err := engineOf(r.cfg)
	if err != nil {
		return &UsageError{Msg: err.Error(), Help: help}
	}
	p, err := r.app.openProject(r.cfg)
	if err != nil {
		return err
	}
	steps, err := p.steps(engine)
	if err != nil {
		return err
	}
	only, err := r.models(steps)
	if err != nil {
		return err
	}
	tables, err := p.tables(engine)
	if err != nil {
		return err
	}
	offline := transform.Offline{
		Engine: engine, Steps: steps, Tables: tables, Vars: r.cfg.SQLVariables(), Live: publicSchema, Only: only,
	}
	statements, err := offline.Statements(ctx, as)
	if err != nil {
		return err
	}
	for i, statement := range statements {
		text := terminated(sqlfile.Redact(statement.SQL))
		if i > 0 {
			text = "\n" + text
		}
		if _, err := fmt.Fprintln(r.app.out.Stdout, text); err != nil {
			return err
		}
	}
	return nil
}

// models are the names of the steps that the command line means; empty for all.
func (r renderRun) models(steps []transform.Step) ([]string, error) {
	var only []string
	for _, want := range r.files {
		found := false
		for _, step := range steps {
			if !matches(step.File.Name(), want) {
				continue
			}
			if step.Model == nil {
				return nil, &UsageError{
					Msg:    fmt.Sprintf("--as prints what models send, but %s is a load", step.Name),
					Advice: "see its COPY with: dwh render " + step.Name,
				}
			}
			only, found = append(only, step.Name), true
		}
		if !found {
			if strings.HasPrefix(path.Base(want), "0") && len(want) > 3 {
				return nil, &UsageError{
					Msg:    fmt.Sprintf("--as prints what models send, but there is no model %q", want),
					Advice: "see the models with: dwh transform --plan",
				}
			}
			unknown := &transform.UnknownStepError{Name: want}
			for _, step := range steps {
				unknown.Names = append(unknown.Names, step.Name)
			}
			return nil, unknown
		}
	}
	return only, nil
}

// occasionNames are the values of --as.
func occasionNames() []string {
	var out []string
	for _, occasion := range transform.Occasions() {
		out = append(out, string(occasion))
	}
	return out
}

// terminated ends a statement with a semicolon, behind a comment at its end in a line of its own.
func terminated(sql string) string {
	sql = strings.TrimRight(sql, " \t\n")
	tokens := sqlfile.Tokens(sql)
	if n := len(tokens); n > 0 && tokens[n-1].Kind == sqlfile.KindComment && strings.HasPrefix(tokens[n-1].Text, "--") {
		return sql + "\n;"
	}
	return sql + ";"
}
