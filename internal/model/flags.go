package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// flagType is what a migration says of the flag.
const flagType = "BOOLEAN DEFAULT FALSE NOT NULL"

// A FlagError says that staging tables lack the flag, or have it in another form: dwh could not
// tell their new rows from those that the models' tables hold.
type FlagError struct {
	Tables []string // in the order of their loads
	// Statements are what to put into a migration.
	Statements []string
	Err        *sqlfile.Error // at the first place that reads the first of the tables
}

func (e *FlagError) Error() string { return e.Err.Error() }

// Unwrap returns the error with the place.
func (e *FlagError) Unwrap() error { return e.Err }

// Hint holds the statements, ready to paste.
func (e *FlagError) Hint() string {
	return "add to a migration:\n" + strings.Join(e.Statements, "\n")
}

// CheckFlags returns a *FlagError where a table that a 0xx file loads and a model reads has no
// flag, or one that is not BOOLEAN DEFAULT FALSE NOT NULL. Tables that are not known, or not all of
// whose columns are, pass.
func CheckFlags(models []*Model, tables schema.Schema, loads []string) error {
	e := &FlagError{}
	var faults []string
	var absent []string
	var reader *Model
	for _, name := range loads {
		table, known := tables[name]
		at := slices.IndexFunc(models, func(m *Model) bool { return slices.Contains(m.Follows, name) })
		if !known || table.Unknown || at < 0 || slices.Contains(e.Tables, name) {
			continue
		}
		add := fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s;", ident(name), FlagColumn, flagType)
		column, there := table.Column(FlagColumn)
		switch {
		case !there:
			absent = append(absent, name)
		case column.Type != "boolean" || !column.NotNull || !column.Default || column.DefaultTrue:
			faults = append(faults, fmt.Sprintf("column %s of table %s is not %s", FlagColumn, name, flagType))
			add = fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s;\n%s", ident(name), FlagColumn, add)
		default:
			continue
		}
		if reader == nil {
			reader = models[at]
		}
		e.Tables, e.Statements = append(e.Tables, name), append(e.Statements, add)
	}
	if len(e.Tables) == 0 {
		return nil
	}
	switch n := len(absent); {
	case n == 1:
		faults = slices.Insert(faults, 0, fmt.Sprintf("table %s has no column %s", absent[0], FlagColumn))
	case n > 1:
		list := strings.Join(absent[:n-1], ", ") + " and " + absent[n-1]
		faults = slices.Insert(faults, 0, fmt.Sprintf("tables %s have no column %s", list, FlagColumn))
	}
	msg := strings.Join(faults, "; ") + ": dwh cannot tell which of the rows are new"
	e.Err = reader.file.ErrorAt(1, 1, msg, e.Hint(), nil)
	for _, ref := range reader.references(e.Tables[0]) {
		e.Err = reader.statement.ErrorAt(ref.Start, msg, e.Hint(), nil)
		break
	}
	return e
}
