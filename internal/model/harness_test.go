package model_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
)

func TestMain(m *testing.M) {
	flag.Parse()
	dwhtest.Main(m)
}

// tester is what a *testing.T and a *rapid.T have in common.
type tester interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// A project is a folder with migrations and transforms.
type project struct {
	migrations []*sqlfile.File
	transforms []*sqlfile.File
}

// readProject reads a folder of testdata.
func readProject(t testing.TB, name string) project {
	t.Helper()
	var p project
	var err error
	root := os.DirFS(path.Join("testdata", name))
	sub := func(folder string) fs.FS {
		inner, err := fs.Sub(root, folder)
		if err != nil {
			t.Fatal(err)
		}
		return inner
	}
	if p.migrations, err = sqlfile.ParseFS(sub("migrations"), "migrations", "*.sql"); err != nil {
		t.Fatal(err)
	}
	if p.transforms, err = sqlfile.ParseFS(sub("transforms"), "transforms", "*.sql"); err != nil {
		t.Fatal(err)
	}
	return p
}

// inlineProject is a project whose files stand in a test: SQL of one migration, and transforms by
// their names.
func inlineProject(t testing.TB, migration string, transforms map[string]string) project {
	t.Helper()
	p := project{migrations: []*sqlfile.File{parseFile(t, "migrations/00001_tables.sql",
		"-- Tables.\n\n-- +goose Up\n"+migration)}}
	var names []string
	for name := range transforms {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		p.transforms = append(p.transforms, parseFile(t, "transforms/"+name+".sql", transforms[name]))
	}
	return p
}

func parseFile(t testing.TB, name, text string) *sqlfile.File {
	t.Helper()
	file, err := sqlfile.Parse(name, text)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

var fileName = regexp.MustCompile(`^[0-9]{3}_(.*)\.sql$`)

// compile checks a project offline.
func (p project) compile(engine sqlfile.Engine) (*model.Graph, error) {
	tables, err := schema.FromMigrations(p.migrations, engine)
	if err != nil {
		return nil, err
	}
	var models []*model.Model
	for _, file := range p.transforms {
		base := path.Base(file.Name())
		m, err := model.Parse(file, fileName.FindStringSubmatch(base)[1], strings.TrimSuffix(base, ".sql"), engine)
		if err != nil {
			return nil, err
		}
		models = append(models, m)
	}
	return model.New(models, tables, nil, engine)
}

// A store is a database with a project's tables, and the project's models.
type store struct {
	t     tester
	conn  *pgx.Conn
	graph *model.Graph
	// beside has an increment find new rows in tables of their own, as those that it has just
	// loaded.
	beside bool
	large  int64 // from how many rows on a build ranks rivals apart
	// ran, where set, is called behind each increment, before its scratch schema is dropped.
	ran func(tx pgx.Tx, x *model.Run)
}

// newStore makes a database of the test's own.
func newStore(t testing.TB, p project) *store {
	t.Helper()
	graph, err := p.compile(sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), dwhtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	s := &store{t: t, conn: conn, graph: graph, large: 100_000}
	s.exec("SET synchronous_commit = off")
	for _, file := range p.migrations {
		for _, statement := range file.Statements(sqlfile.Postgres) {
			if statement.Section() == "up" {
				s.exec(statement.SQL())
			}
		}
	}
	return s
}

// with is the same store for another test, such as a round of a property.
func (s *store) with(t tester) *store {
	return &store{t: t, conn: s.conn, graph: s.graph, large: s.large}
}

func (s *store) exec(sql string) {
	s.t.Helper()
	if _, err := s.conn.PgConn().Exec(s.t.Context(), sql).ReadAll(); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
}

// lines are a query's rows in PostgreSQL's text form, parted by |, in the order of bytes.
func (s *store) lines(sql string) []string {
	s.t.Helper()
	results, err := s.conn.PgConn().Exec(s.t.Context(), sql).ReadAll()
	if err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
	out := []string{}
	for _, values := range results[len(results)-1].Rows {
		row := make([]string, len(values))
		for i, value := range values {
			row[i] = dwhtest.Null
			if value != nil {
				row[i] = string(value)
			}
		}
		out = append(out, strings.Join(row, "|"))
	}
	slices.Sort(out)
	return out
}

// stored are the stored models.
func (s *store) stored() []*model.Model {
	return slices.DeleteFunc(slices.Clone(s.graph.Models), func(m *model.Model) bool { return !m.Stored })
}

// empty takes everything out of the database.
func (s *store) empty() {
	s.t.Helper()
	var sql []string
	for _, name := range s.graph.Staging() {
		sql = append(sql, "DELETE FROM "+name)
	}
	for _, m := range s.stored() {
		sql = append(sql, "DELETE FROM "+m.Name)
	}
	s.exec(strings.Join(sql, ";\n"))
}

// An erasure names staged rows by the value of a column.
type erasure struct{ table, column, value string }

// increment brings the tables up to date, erases and flags. It is one transaction. Where it fails,
// nothing is left of it.
func (s *store) increment(erase ...erasure) (map[string]model.Change, error) {
	s.t.Helper()
	ctx := s.t.Context()
	tx, err := s.conn.Begin(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	s.exec("CREATE SCHEMA scratch")
	x := s.run(tx, "scratch", s.staged(tx, "scratch", erase))
	if err := x.Increment(ctx, s.graph.Models, func(*model.Model, model.Change) error { return nil }); err != nil {
		return nil, err
	}
	s.checkTouched(tx, x)
	if s.ran != nil {
		s.ran(tx, x)
	}
	if _, err := x.Erase(ctx); err != nil {
		return nil, err
	}
	for _, name := range s.graph.Staging() {
		if arrived := x.Staged[name].Arrived; arrived != nil {
			s.exec("INSERT INTO " + name + " SELECT * FROM " + arrived.SQL)
		}
		s.exec("UPDATE " + name + " SET processed = TRUE WHERE NOT processed")
	}
	s.exec("DROP SCHEMA scratch CASCADE")
	if err := tx.Commit(ctx); err != nil {
		s.t.Fatal(err)
	}
	return x.Changes, nil
}

// quoted are names for SQL.
func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = pgx.Identifier{name}.Sanitize()
	}
	return out
}

// tableColumns are the columns of a table of which a condition on information_schema.columns holds.
func (s *store) tableColumns(table, where string) []string {
	s.t.Helper()
	return s.lines(`SELECT column_name FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name = '` + table + "' AND " + where)
}

// checkTouched compares what the run says it touched of a stored model with what the table holds:
// the same rows, all those of each key, and all that the run has written.
func (s *store) checkTouched(tx pgx.Tx, x *model.Run) {
	s.t.Helper()
	ctx := s.t.Context()
	for _, m := range s.graph.Models {
		if !m.Stored || m.Kind == model.Script {
			continue
		}
		touched, ok, err := x.Touched(ctx, m.Name)
		if err != nil || !ok {
			s.t.Fatalf("%s: the touched rows: got %v, %v", m.Name, ok, err)
		}
		key, all := strings.Join(quoted(m.Key), ", "), strings.Join(quoted(s.tableColumns(m.Name, "TRUE")), ", ")
		held := "SELECT " + all + " FROM " + m.Name
		if len(m.Key) > 0 {
			held += " WHERE (" + key + ") IN (SELECT " + key + " FROM " + touched.SQL + ")"
		}
		found := "SELECT " + all + " FROM " + touched.SQL
		var differing, rows int64
		if err := tx.QueryRow(ctx, "SELECT (SELECT COUNT(*) FROM ("+found+" EXCEPT ALL "+held+") AS a)"+
			" + (SELECT COUNT(*) FROM ("+held+" EXCEPT ALL "+found+") AS b), "+
			"(SELECT COUNT(*) FROM "+touched.SQL+")").Scan(&differing, &rows); err != nil {
			s.t.Fatalf("%s: compare the touched rows: %v", m.Name, err)
		}
		if change := x.Changes[m.Name]; differing > 0 || rows < change.Added+change.Changed+change.Healed {
			s.t.Errorf("%s: got %d touched rows, %d of them not as the table has them, with %+v",
				m.Name, rows, differing, change)
		}
	}
}

func (s *store) run(tx pgx.Tx, scratch string, staged map[string]model.Staged) *model.Run {
	return model.NewRun(model.Options{
		Graph: s.graph, Session: &session{tx}, Scratch: scratch, Live: "public", Staged: staged, Large: s.large,
	})
}

// staged says what waits in each staging table.
func (s *store) staged(tx pgx.Tx, scratch string, erase []erasure) map[string]model.Staged {
	s.t.Helper()
	out := map[string]model.Staged{}
	for _, name := range s.graph.Staging() {
		var staged model.Staged
		if err := tx.QueryRow(s.t.Context(),
			"SELECT COUNT(*) FROM "+name+" WHERE NOT processed").Scan(&staged.Unprocessed); err != nil {
			s.t.Fatal(err)
		}
		if s.beside && staged.Unprocessed > 0 {
			arrived := &model.Table{
				SQL: scratch + ".arrived_" + name, Name: "arrived_" + name,
				Rows: staged.Unprocessed,
			}
			s.exec("CREATE TABLE " + arrived.SQL + " AS SELECT * FROM " + name +
				" WHERE NOT processed; DELETE FROM " + name + " WHERE NOT processed")
			staged = model.Staged{Arrived: arrived}
		}
		out[name] = staged
	}
	for i, e := range erase {
		values := fmt.Sprintf("%s.erase_%d", scratch, i)
		s.exec(fmt.Sprintf("CREATE TABLE %s AS SELECT CAST('%s' AS TEXT) AS value", values, e.value))
		staged := out[e.table]
		staged.Erase = append(staged.Erase, model.Erasure{{Column: e.column, Values: values}})
		out[e.table] = staged
	}
	return out
}

// first builds everything and fills the tables with it, as a first run does.
func (s *store) first() {
	s.t.Helper()
	built := s.must(s.built())
	s.exec("BEGIN")
	for name, rows := range built {
		table := name + " (" + s.columns(s.graph.Model(name)) + ")"
		for _, row := range rows {
			var values []string
			for _, value := range strings.Split(row, "|") {
				if value == dwhtest.Null {
					value = "NULL"
				} else {
					value = "'" + strings.ReplaceAll(value, "'", "''") + "'"
				}
				values = append(values, value)
			}
			s.exec("INSERT INTO " + table + " VALUES (" + strings.Join(values, ", ") + ")")
		}
	}
	for _, name := range s.graph.Staging() {
		s.exec("UPDATE " + name + " SET processed = TRUE WHERE NOT processed")
	}
	s.exec("COMMIT")
}

func (s *store) must(built map[string][]string, err error) map[string][]string {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("build: %v", err)
	}
	return built
}

// built computes everything from what is staged, and returns the rows of every stored model.
func (s *store) built() (map[string][]string, error) {
	s.t.Helper()
	ctx := s.t.Context()
	tx, err := s.conn.Begin(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	s.exec("CREATE SCHEMA scratch")
	beside := s.beside
	s.beside = false
	staged := s.staged(tx, "scratch", nil)
	s.beside = beside
	for name, of := range staged {
		of.Trimmed = s.trimmed(name)
		if s.large == 1 && len(of.Trimmed) > 0 {
			// Of the first it is not known, so that a build looks for what to trim.
			of.Trimmed, of.Unprocessed = of.Trimmed[1:], 1
		}
		staged[name] = of
	}
	x := s.run(tx, "scratch", staged)
	if err := x.Build(ctx, s.graph.Models, func(*model.Model, *model.Table) error { return nil }); err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for _, m := range s.stored() {
		out[m.Name] = s.lines("SELECT " + s.columns(m) + " FROM scratch." + m.Name)
	}
	return out, nil
}

// trimmed are the text columns of a staging table in which no value ends in a blank.
func (s *store) trimmed(table string) []string {
	s.t.Helper()
	var out []string
	for _, name := range s.tableColumns(table, "data_type IN ('character varying', 'text')") {
		column := pgx.Identifier{name}.Sanitize()
		if len(s.lines("SELECT 1 FROM "+table+" WHERE "+column+" <> RTRIM("+column+") LIMIT 1")) == 0 {
			out = append(out, name)
		}
	}
	return out
}

// columns are the columns of a stored model that its table has.
func (s *store) columns(m *model.Model) string {
	rows := s.tableColumns(m.Name, "TRUE")
	var out []string
	for _, name := range m.Columns {
		if slices.Contains(rows, name) {
			out = append(out, pgx.Identifier{name}.Sanitize())
		}
	}
	return strings.Join(out, ", ")
}

// live are the rows of every stored model.
func (s *store) live() map[string][]string {
	s.t.Helper()
	out := map[string][]string{}
	for _, m := range s.stored() {
		out[m.Name] = s.lines("SELECT " + s.columns(m) + " FROM " + m.Name)
	}
	return out
}

// same fails the test where the stored rows are not those that a build gives.
func (s *store) same(history []string) {
	s.t.Helper()
	want, err := s.built()
	if err != nil {
		s.t.Fatalf("build: %v\nafter\n%s", err, strings.Join(history, ";\n"))
	}
	s.equal(s.live(), want, history)
}

func (s *store) equal(got, want map[string][]string, history []string) {
	s.t.Helper()
	differ := ""
	for _, m := range s.stored() {
		if !slices.Equal(got[m.Name], want[m.Name]) {
			differ += fmt.Sprintf("%s:\ngot\n  %s\nwant\n  %s\n", m.Name,
				strings.Join(without(got[m.Name], want[m.Name]), "\n  "),
				strings.Join(without(want[m.Name], got[m.Name]), "\n  "))
		}
	}
	if differ != "" {
		s.t.Fatalf("%safter\n%s", differ, strings.Join(history, ";\n"))
	}
}

// without are the lines of a that b lacks.
func without(a, b []string) []string {
	left := slices.Clone(b)
	var out []string
	for _, line := range a {
		if i := slices.Index(left, line); i >= 0 {
			left = slices.Delete(left, i, i+1)
			continue
		}
		out = append(out, line)
	}
	return out
}

// session sends the statements of a run in a transaction.
type session struct{ tx pgx.Tx }

func told(s model.Statement, err error) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		err = fmt.Errorf("%w\n%s", err, s.SQL)
		switch refused.Code {
		case "22001":
			err = fmt.Errorf("%w: %w", model.ErrTooLong, err)
		case "23505":
			err = fmt.Errorf("%w: %w", model.ErrTaken, err)
		}
	}
	return err
}

func (s *session) Exec(ctx context.Context, statement model.Statement) (int64, error) {
	tag, err := s.tx.Exec(ctx, statement.SQL)
	return tag.RowsAffected(), told(statement, err)
}

func (s *session) Create(ctx context.Context, statement model.Statement, _ string) (int64, error) {
	return s.Exec(ctx, statement)
}

func (s *session) Numbers(ctx context.Context, statement model.Statement) ([]int64, error) {
	found, err := s.values(ctx, statement)
	if err != nil {
		return nil, err
	}
	out := make([]int64, len(found[0]))
	for i, value := range found[0] {
		if n, ok := value.(int64); ok {
			out[i] = n
		}
	}
	return out, nil
}

func (s *session) Rows(ctx context.Context, statement model.Statement) ([]string, error) {
	found, err := s.values(ctx, statement)
	out := make([]string, len(found))
	for i, row := range found {
		out[i] = fmt.Sprint(row)
	}
	return out, err
}

func (s *session) values(ctx context.Context, statement model.Statement) ([][]any, error) {
	rows, err := s.tx.Query(ctx, statement.SQL)
	if err != nil {
		return nil, told(statement, err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
	return found, told(statement, err)
}

func (s *session) Text(ctx context.Context, relation string) (map[string]bool, error) {
	rows, err := s.tx.Query(ctx, `SELECT CAST(attname AS text)
		FROM pg_attribute INNER JOIN pg_type ON pg_type.oid = atttypid
		WHERE attrelid = CAST($1 AS regclass) AND attnum > 0 AND typcollation <> 0`, relation)
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	out := map[string]bool{}
	for _, name := range names {
		out[name] = true
	}
	return out, err
}

// Verbatim asks the server: the tests have tables with triggers too.
func (s *session) Verbatim(ctx context.Context, relation string) (bool, error) {
	return catalogue.PlainRelation(ctx, s.tx, relation)
}

func (s *session) Attempt(ctx context.Context, do func() error) error {
	return pgx.BeginFunc(ctx, s.tx, func(pgx.Tx) error { return do() })
}
