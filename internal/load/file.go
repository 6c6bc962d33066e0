package load

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// File is a 0xx file: one COPY, and the indexes that its table gets once it holds rows.
type File struct {
	Name  string         // without .sql, such as 020_s_order
	Table catalogue.Name // the staging table that it fills
	// the variable that names what is copied, such as orders; "" when the COPY names it itself
	Source      string
	Fingerprint string // hex SHA-256 of the SQL as the engine gets it, comments and layout apart
	Indexes     []Index
	Optional    bool // it is skipped where nobody gives the source of its objects
	copy        sqlfile.Statement
	header      sqlfile.Header
}

// ParseFile reads the statements of a 0xx file for its table.
func ParseFile(name string, table catalogue.Name, file *sqlfile.File, engine sqlfile.Engine) (*File, error) {
	statements := file.Statements(engine)
	if len(statements) == 0 {
		return nil, file.ErrorAt(1, 1, "there is no statement in the file", "write one, or remove the file", nil)
	}
	header := file.Header()
	f := &File{Name: name, Table: table, Optional: header.Optional, copy: statements[0], header: header}
	for i, statement := range statements {
		switch {
		case i > 0 && statement.Keyword() == "CREATE":
			index, err := parseIndex(statement, table)
			if err != nil {
				return nil, err
			}
			f.Indexes = append(f.Indexes, index)
		case statement.Keyword() != "COPY" || i > 0:
			return nil, statement.ErrorAt(0, "a 0xx transform is one COPY, followed only by indexes of its table",
				"put other statements into a 1xx or 2xx file", nil)
		}
	}
	if err := f.checkPlaces(); err != nil {
		return nil, err
	}
	f.Source, _ = copystmt.Source(f.copy)
	f.Fingerprint = fingerprint(f.copy)
	return f, nil
}

// fingerprint is the same for texts that differ in comments and layout only.
func fingerprint(statement sqlfile.Statement) string {
	sum := sha256.New()
	for _, token := range significant(statement) {
		sum.Write([]byte(token.Text))
		sum.Write([]byte{0})
	}
	sum.Write([]byte{1})
	return hex.EncodeToString(sum.Sum(nil))
}

// significant are the tokens of a statement that are no comments.
func significant(statement sqlfile.Statement) []sqlfile.Token {
	return slices.DeleteFunc(sqlfile.Tokens(statement.SQL()), func(t sqlfile.Token) bool {
		return t.Kind == sqlfile.KindComment || t.Kind == sqlfile.KindMarker
	})
}

// Configured tells whether the load has a source.
func (f *File) Configured(vars map[string]string) bool {
	return f.Source == "" || vars[f.Source] != ""
}

// Statement is the COPY with the values of psql variables filled in.
func (f *File) Statement(vars map[string]string) (*copystmt.Statement, error) {
	expanded, err := copystmt.Bind(f.copy, vars)
	if err != nil {
		for _, variable := range f.copy.Variables() {
			if _, ok := vars[variable.Name]; !ok && variable.Name != "iam_role" && variable.Name != "region" {
				return nil, &MissingError{Step: f.Name, Variable: variable.Name, Err: err}
			}
		}
		return nil, err
	}
	statement, err := copystmt.Parse(expanded)
	if err != nil {
		return nil, err
	}
	if catalogue.Name(statement.Name) != f.Table {
		return nil, f.copy.ErrorAt(0, fmt.Sprintf("COPY writes %s, the file's name says %s", statement.Table, f.Table),
			"let both name the same table", nil)
	}
	if err := statement.CheckColumns(string(catalogue.Processed)); err != nil {
		return nil, err
	}
	return statement, nil
}

// A MissingError says that a load lacks a value beside its source.
type MissingError struct {
	Step     string // the load's, such as 020_s_order
	Variable string // the psql variable without a value
	Err      error  // where the statement needs it
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("%s has no value for %s: %v", e.Step, e.Variable, e.Err)
}

// Unwrap returns the error that names the place.
func (e *MissingError) Unwrap() error { return e.Err }

// ExitCode is 2: the command line has to change.
func (*MissingError) ExitCode() int { return 2 }

// Hint says what to give.
func (e *MissingError) Hint() string {
	return fmt.Sprintf("write %s: VALUE under sources: or variables: in dwh.yaml", e.Variable)
}
