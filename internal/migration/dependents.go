package migration

import (
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// Dependents tells which models depend on a table or a function.
type Dependents interface {
	// Follows tells whether a model stores or reads the table.
	Follows(table string) bool
	// Callers are the names of the models' steps whose SELECT calls the function.
	Callers(function string) []string
}

// changed are the marks of what migrations changed without changing a table's shape: the rows of a
// table that models read as a lookup, and functions that models call. Staging is left out: its new
// rows have a flag of their own.
func (m *Migrator) changed(steps []Step) [][2]string {
	if m.models == nil {
		return nil
	}
	var out [][2]string
	add := func(subject, reason string) {
		if mark := [2]string{subject, reason}; !slices.Contains(out, mark) {
			out = append(out, mark)
		}
	}
	for _, step := range steps {
		file := m.project.file(step.Name)
		if !step.Up || file == nil {
			continue // a migration that was reverted is a mark by itself
		}
		for _, statement := range file.Statements(m.engine) {
			if statement.Section() != "up" {
				continue
			}
			kind, name := changes(statement)
			switch {
			case kind == "table" && !strings.HasPrefix(name, "s_") && m.models.Follows(name):
				add(name, "a migration changed its rows")
			case kind == "function":
				for _, caller := range m.models.Callers(name) {
					add(caller, "a migration changed the function "+name+", which it calls")
				}
			}
		}
	}
	return out
}

// changes is what a statement changes: the rows of a "table", or a "function"; "" for anything
// else.
func changes(statement sqlfile.Statement) (kind, name string) {
	tokens := slices.DeleteFunc(sqlfile.Tokens(statement.SQL()), func(t sqlfile.Token) bool {
		return t.Kind == sqlfile.KindComment || t.Kind == sqlfile.KindMarker
	})
	skip := func(words ...string) bool {
		if len(tokens) == 0 || !slices.ContainsFunc(words, tokens[0].Is) {
			return false
		}
		tokens = tokens[1:]
		return true
	}
	switch {
	case skip("insert", "merge"):
		skip("into")
		kind = "table"
	case skip("update"):
		kind = "table"
	case skip("delete"):
		skip("from")
		kind = "table"
	case skip("truncate"):
		skip("table")
		kind = "table"
	case skip("create"):
		skip("or")
		skip("replace")
		if skip("function") {
			kind = "function"
		}
	case skip("alter", "drop"):
		if skip("function") {
			skip("if")
			skip("exists")
			kind = "function"
		}
	}
	skip("only")
	if kind == "" || len(tokens) == 0 {
		return "", ""
	}
	if len(tokens) > 2 && tokens[1].Text == "." {
		tokens = tokens[2:] // behind the schema
	}
	return kind, strings.ToLower(tokens[0].Value())
}
