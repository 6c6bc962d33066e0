package cli

import (
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/suggest"
)

var absentColumn = regexp.MustCompile(`column "?(?:[^".\s]+\.)?([^".\s]+)"? does not exist`)

// withColumns adds to the error of a query that names a column which does not exist what may be
// meant: a column of the tables that the query names, as the migrations leave them. An error that
// has a hint, or another error, stays as it is.
func (s *session) withColumns(err error, sql string) error {
	var fault *sqlfile.Error
	var refused *pgconn.PgError
	if !errors.As(err, &fault) || !errors.As(err, &refused) || refused.Code != "42703" || fault.Hint != "" {
		return err
	}
	name := absentColumn.FindStringSubmatch(refused.Message)
	tables, tablesErr := s.project.tables(s.warehouse.Engine())
	if name == nil || tablesErr != nil {
		return err
	}
	var columns []string
	for _, token := range sqlfile.Tokens(sql) {
		for _, column := range tables[strings.ToLower(strings.Trim(token.Text, `"`))].Columns {
			if !slices.Contains(columns, column.Name) {
				columns = append(columns, column.Name)
			}
		}
	}
	hint := suggest.Hint(name[1], columns)
	if strings.HasPrefix(hint, "one of: ") {
		hint = "the columns of the tables that it reads are: " + strings.TrimPrefix(hint, "one of: ")
	}
	if hint == "" {
		return err
	}
	hinted := *fault
	hinted.Hint = hint
	return &hinted
}

// explainCheck is withColumns for the check of the file that an error names.
func (s *session) explainCheck(err error, all []check.Check) error {
	var fault *sqlfile.Error
	if !errors.As(err, &fault) {
		return err
	}
	for _, c := range all {
		if path.Base(fault.File) == c.Name+".sql" {
			return s.withColumns(err, c.Query.SQL())
		}
	}
	return err
}
