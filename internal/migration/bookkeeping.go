package migration

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/bookkeeping"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// Bookkeeping tells which version dwh's own tables have. It changes nothing. The error is a
// *bookkeeping.ForeignError where this dwh cannot work with them.
func (m *Migrator) Bookkeeping(ctx context.Context) (bookkeeping.State, error) {
	var state bookkeeping.State
	err := m.reading(ctx, func(ctx context.Context) (err error) {
		state, err = bookkeeping.Read(ctx, m.pool)
		return err
	})
	return state, err
}

// BookkeepingSteps are the migrations of dwh's own tables that this Migrator has applied, in order.
// Their names begin with "bookkeeping/".
func (m *Migrator) BookkeepingSteps() []Step { return slices.Clone(m.ownSteps) }

// PendingBookkeeping lists the migrations of dwh's own tables that the next change of the schema
// applies first.
func (m *Migrator) PendingBookkeeping(ctx context.Context) ([]Migration, error) {
	state, err := m.Bookkeeping(ctx)
	if err != nil {
		return nil, err
	}
	var out []Migration
	for _, source := range m.own.provider.ListSources() {
		if source.Version > state.Version {
			out = append(out, Migration{Version: source.Version, Name: ownName(source.Path)})
		}
	}
	return out, nil
}

// BookkeepingSQL is what the migration of dwh's own tables sends, for a dry run.
func (m *Migrator) BookkeepingSQL(ctx context.Context, version int64) (string, error) {
	return m.own.sql(ctx, version, true)
}

// ownName is how people see a migration of dwh's own tables.
func ownName(file string) string { return path.Join(bookkeeping.Name, file) }

// upgradeOwn applies the pending migrations of dwh's own tables. None of them makes a model stale.
func (m *Migrator) upgradeOwn(ctx context.Context, waited *waits) error {
	return m.patient(ctx, waited, func(ctx context.Context) error {
		state, err := bookkeeping.Read(ctx, m.pool)
		if err != nil || state.Current() {
			return err
		}
		done, err := stepsOf(m.own.provider.Up(ctx))
		for _, step := range done {
			step.Name = ownName(step.Name)
			m.ownSteps = append(m.ownSteps, step)
		}
		return err
	})
}

// refuseOwned returns an error where a project's migration makes a table that belongs to dwh.
func refuseOwned(files []*sqlfile.File, engine sqlfile.Engine) error {
	for _, file := range files {
		for _, statement := range file.Statements(engine) {
			if name, ok := makes(statement); ok && bookkeeping.Owns(strings.ToLower(name.Value())) {
				return statement.ErrorAt(name.Start, "the table "+name.Value()+" belongs to dwh, which makes it itself",
					"rename the table, or remove it: the names s_object, s_reject and dwh_… are reserved for dwh",
					nil)
			}
		}
	}
	return nil
}

// makes finds the table that a statement makes, in the schema that dwh works in.
func makes(statement sqlfile.Statement) (name sqlfile.Token, ok bool) {
	tokens := withoutComments(sqlfile.Tokens(statement.SQL()))
	at := 0
	skip := func(words ...string) bool {
		if at == len(tokens) || !slices.ContainsFunc(words, tokens[at].Is) {
			return false
		}
		at++
		return true
	}
	if !skip("create") {
		return name, false
	}
	for skip("unlogged", "global", "local", "temporary", "temp") {
	}
	if !skip("table") {
		return name, false
	}
	for skip("if", "not", "exists") {
	}
	if at == len(tokens) {
		return name, false
	}
	if at+2 < len(tokens) && tokens[at+1].Text == "." {
		if !strings.EqualFold(tokens[at].Value(), "public") {
			return name, false // another schema's table is no matter of dwh's
		}
		at += 2
	}
	return tokens[at], tokens[at].Kind == sqlfile.KindWord || tokens[at].Kind == sqlfile.KindQuotedIdent
}
