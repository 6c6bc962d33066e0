package testcase

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// extensions are the extensions of a PostgreSQL database. An extension belongs to the database and
// stands in a schema, whose names a case finds only if the search_path names the schema.
type extensions []extension

type extension struct {
	Name   string
	Schema string
	Found  bool // the warehouse's search_path has the schema
	Mixed  bool // the schema also holds relations of no extension, or it is the warehouse's
}

// readExtensions reads them on a connection of the warehouse. Redshift has none.
func readExtensions(ctx context.Context, q catalogue.Querier, engine sqlfile.Engine, live string) (extensions, error) {
	if engine != sqlfile.Postgres {
		return nil, nil
	}
	rows, err := q.Query(ctx, `
		SELECT CAST(e.extname AS text), CAST(n.nspname AS text),
			n.nspname <> 'pg_catalog' AND n.nspname = ANY (current_schemas(false)),
			n.nspname = CAST($1 AS text) OR EXISTS (
				SELECT FROM pg_catalog.pg_class AS c
				WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT EXISTS (
					SELECT FROM pg_catalog.pg_depend AS d
					WHERE d.classid = CAST('pg_catalog.pg_class' AS regclass) AND d.objid = c.oid AND d.deptype = 'e'))
		FROM pg_catalog.pg_extension AS e
		INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
		ORDER BY 1`, live)
	if err != nil {
		return nil, fmt.Errorf("read extensions: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[extension])
	if err != nil {
		return nil, fmt.Errorf("read extensions: %w", err)
	}
	return all, nil
}

// schemas are those that the cases' search_path may have behind their own schema: no table of the
// warehouse's stands in them.
func (x extensions) schemas() []catalogue.Name {
	var out []catalogue.Name
	for _, e := range x {
		if name := catalogue.Name(e.Schema); e.Found && !e.Mixed && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// hidden tells whether the warehouse finds what the extension holds, and a case does not.
func (e extension) hidden() bool { return e.Found && e.Mixed || homeName.MatchString(e.Schema) }

// hint says how a case finds what a hidden extension holds.
func (e extension) hint() string {
	if homeName.MatchString(e.Schema) {
		return "another dwh test has made the extension for itself: run this one again when it has ended"
	}
	return fmt.Sprintf("move the extension to a schema that every connection sees: as an administrator, run "+
		"ALTER EXTENSION %s SET SCHEMA pg_catalog; or run dwh test on a database that does not have the extension",
		catalogue.Name(e.Name).SQL())
}

// check refuses the statements of a migration about extensions that a case cannot run.
func (x extensions) check(file *sqlfile.File, engine sqlfile.Engine) error {
	for _, statement := range file.Statements(engine) {
		if statement.Section() != "up" {
			continue
		}
		s := &scan{tokens: tokensOf(statement.SQL()), engine: engine}
		at := s.skip(2)
		if !s.is(0, "create", "alter", "drop") || !s.is(1, "extension") || at >= len(s.tokens) {
			continue
		}
		if msg, hint := x.fault(s, at); msg != "" {
			return statement.ErrorAt(s.tokens[at].Start, msg, hint, nil)
		}
	}
	return nil
}

// fault says what is wrong with a statement about the extension that token at names, "" for
// nothing.
func (x extensions) fault(s *scan, at int) (msg, hint string) {
	name := s.tokens[at].Value()
	i := slices.IndexFunc(x, func(e extension) bool { return strings.EqualFold(e.Name, name) })
	switch {
	case i >= 0 && !s.is(0, "create"):
		return fmt.Sprintf("%s EXTENSION changes the extension %s of the database, which a test case must not",
			strings.ToUpper(s.text(0)), name), "run dwh test on a database that does not have the extension"
	case i >= 0 && at < 5: // no IF NOT EXISTS
		return fmt.Sprintf("the database has the extension %s already, so that a test case cannot create it", name),
			"write CREATE EXTENSION IF NOT EXISTS"
	case i >= 0 && x[i].hidden():
		return fmt.Sprintf("the extension %s is in the schema %s, which a test case must not see", name, x[i].Schema),
			x[i].hint()
	case i < 0:
		to := slices.IndexFunc(s.tokens, func(t sqlfile.Token) bool { return t.Is("schema") })
		if to > at && to+1 < len(s.tokens) && !strings.EqualFold(s.tokens[to+1].Value(), "pg_catalog") {
			return fmt.Sprintf("a test case cannot create an extension in the schema %s", s.tokens[to+1].Value()),
				"create the extension once, by hand; or write SCHEMA pg_catalog, which every connection sees"
		}
	}
	return "", ""
}

// explain gives the error of a migration that misses a type or a function a hint of the extensions
// that a case does not see.
func (x extensions) explain(err error) error {
	var refused *pgconn.PgError
	var at *sqlfile.Error
	if !errors.As(err, &refused) || !errors.As(err, &at) || refused.Code != "42704" && refused.Code != "42883" {
		return err
	}
	for _, e := range x {
		if e.hidden() {
			at.Hint = fmt.Sprintf("a test case does not see the extension %s in the schema %s; %s", e.Name, e.Schema,
				e.hint())
			break
		}
	}
	return err
}
