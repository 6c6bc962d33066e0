package query

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// Named is a query of a user's folder.
type Named struct {
	Name   string         // the file's, without .sql
	File   *sqlfile.File  // that the query stands in
	Header sqlfile.Header // what the file's header declares
	Query  Query          // the SELECT, ready to run
}

// Folder reads a user's queries, NAME.sql in fsys: one SELECT each, in the order of their names.
// dir names the folder in errors. fault says what is wrong with a variable that a file uses and
// what to do about it, "" for nothing; that is an error with the variable's place.
func Folder(
	fsys fs.FS, dir string, engine sqlfile.Engine,
	fault func(header sqlfile.Header, variable string) (problem, hint string),
) ([]Named, error) {
	files, err := sqlfile.ParseFS(fsys, dir, "*.sql")
	if err != nil {
		return nil, err
	}
	var out []Named
	for _, file := range files {
		named := Named{Name: strings.TrimSuffix(path.Base(file.Name()), ".sql"), File: file, Header: file.Header()}
		if named.Query, err = File(file, engine); err != nil {
			return nil, err
		}
		for _, variable := range file.Statements(engine)[0].Variables() {
			if problem, hint := fault(named.Header, variable.Name); problem != "" {
				return nil, file.ErrorAt(variable.Line, variable.Column, problem, hint, nil)
			}
		}
		out = append(out, named)
	}
	// Not the order of the files' names: "plays.sql" comes after "plays-of.sql".
	slices.SortFunc(out, func(a, b Named) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}
