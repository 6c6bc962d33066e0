package migration

import (
	"maps"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// Dependents tells which models depend on a table or a function.
type Dependents interface {
	// Follows tells whether a model stores or reads the table.
	Follows(table string) bool
	// Uses tells whether a model that reads the table names the column.
	Uses(table, column string) bool
	// Callers are the names of the models' steps whose SELECT calls the function.
	Callers(function string) []string
}

// Unknown implements Dependents for models that cannot be read: a model may depend on every table
// and every function.
type Unknown struct{}

// Follows is true.
func (Unknown) Follows(string) bool { return true }

// Uses is true.
func (Unknown) Uses(string, string) bool { return true }

// Callers is no step's name, so that the mark is about every model.
func (Unknown) Callers(string) []string { return []string{"a model"} }

// follows tells whether a model stores or reads the table.
func (m *Migrator) follows(table string) bool { return m.models != nil && m.models.Follows(table) }

// uses tells whether a model that reads the table names the column.
func (m *Migrator) uses(table, column string) bool {
	return m.models != nil && m.models.Uses(table, column)
}

// changed are the marks of what migrations changed without changing a table's shape: rows of tables
// that models store or read, and functions that models call. A table that marks names already gets
// no second mark.
func (m *Migrator) changed(before shape, steps []Step, marks [][2]string) [][2]string {
	if m.models == nil {
		return nil
	}
	var out [][2]string
	add := func(subject, reason string) {
		marked := slices.ContainsFunc(marks, func(mark [2]string) bool { return mark[0] == subject })
		if mark := [2]string{subject, reason}; !marked && !slices.Contains(out, mark) {
			out = append(out, mark)
		}
	}
	routines := m.routines()
	for _, step := range steps {
		for _, statement := range m.upStatements(step) {
			words := routines.withCalled(wordsOf(statement.SQL(), false))
			for _, change := range rowChanges(words) {
				if m.follows(change.table) && before.hadRows(change) {
					add(change.table, "a migration changed its rows")
				}
			}
			if composes(words) {
				m.addComposed(before, step, routines.withCalled(wordsOf(statement.SQL(), true)), add)
			}
			for _, function := range changedRoutines(wordsOf(statement.SQL(), false)) {
				m.addCallers(function, routines, add)
			}
		}
	}
	return out
}

// addCallers adds the models that call a function that was changed, be it through others.
func (m *Migrator) addCallers(function string, routines routines, add func(subject, reason string)) {
	reason := "a migration changed the function " + function + ", which "
	for _, caller := range m.models.Callers(function) {
		add(caller, reason+"it calls")
	}
	for _, through := range routines.callers(function) {
		for _, caller := range m.models.Callers(through) {
			add(caller, reason+"its function "+through+" calls")
		}
	}
}

// upStatements are the statements that a migration performed. One that was reverted is a mark by
// itself and has none.
func (m *Migrator) upStatements(step Step) []sqlfile.Statement {
	file := m.project.file(step.Name)
	if !step.Up || file == nil {
		return nil
	}
	return slices.DeleteFunc(file.Statements(m.engine), func(s sqlfile.Statement) bool { return s.Section() != "up" })
}

// hadRows tells whether the change can concern rows that models have read. A table that was not
// there is marked as created, and rows that are added to staging have a flag of their own.
func (s shape) hadRows(change rowChange) bool {
	r := s.all()[change.table]
	return s.has(change.table) && (!r.staging(change.table) || r.rows && !change.adds)
}

// addComposed adds the tables that words name, where the words put together statements that change
// rows; where they name none, everything.
func (m *Migrator) addComposed(
	before shape, step Step, words []sqlfile.Token, add func(subject, reason string),
) {
	has := func(names ...string) bool {
		return slices.ContainsFunc(words, func(t sqlfile.Token) bool { return slices.ContainsFunc(names, t.Is) })
	}
	changes := has("update", "delete", "merge", "truncate") || has("alter") && has("using")
	if !changes && !has("insert", "copy") {
		return
	}
	named := false
	for _, word := range words {
		change := rowChange{strings.ToLower(word.Value()), !changes}
		if !m.follows(change.table) || !before.has(change.table) {
			continue
		}
		named = true
		if before.hadRows(change) {
			add(change.table, "a migration may have changed its rows")
		}
	}
	if !named {
		add(step.Name, "it puts statements together as it runs, so dwh cannot tell which rows it changed")
	}
}

// routines are the words of a project's functions and procedures by name: of each text that a
// migration gives them.
type routines map[string][]sqlfile.Token

func (m *Migrator) routines() routines {
	out := routines{}
	for _, file := range m.project.files {
		for _, statement := range file.Statements(m.engine) {
			words := wordsOf(statement.SQL(), false)
			for _, name := range changedRoutines(words) {
				out[name] = append(append(out[name], words...), semicolon)
			}
		}
	}
	return out
}

// callers are the routines that call one, be it through others, by name.
func (r routines) callers(name string) []string {
	found := map[string]bool{name: true}
	for before := 0; before < len(found); {
		before = len(found)
		for caller, words := range r {
			if slices.ContainsFunc(words, func(t sqlfile.Token) bool { return found[strings.ToLower(t.Value())] }) {
				found[caller] = true
			}
		}
	}
	delete(found, name)
	return slices.Sorted(maps.Keys(found))
}

// withCalled are the words, and behind them those of the routines that they name.
func (r routines) withCalled(words []sqlfile.Token) []sqlfile.Token {
	named := map[string]bool{}
	for i := 0; i < len(words); i++ {
		name := strings.ToLower(words[i].Value())
		if text, ok := r[name]; ok && !named[name] {
			named[name] = true
			words = append(append(words, semicolon), text...)
		}
	}
	return words
}
