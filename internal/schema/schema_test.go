package schema_test

import (
	"flag"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/bookkeeping"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/migrations"
)

func TestMain(m *testing.M) {
	flag.Parse()
	dwhtest.Main(m)
}

// live reads what PostgreSQL's catalogue says of the tables, but for the texts of indexes: it gives
// each index as many empty expressions as it has keys, and Where is "partial" or "".
func live(t *testing.T, dsn string) schema.Schema {
	t.Helper()
	got := schema.Schema{}
	for _, row := range dwhtest.Query(t, dsn, `
		SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
			CASE WHEN o.collname = 'C' THEN 'C' ELSE '' END, a.attnotnull, a.atthasdef OR a.attidentity <> ''
		FROM pg_class AS c
		LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		LEFT JOIN pg_collation AS o ON o.oid = a.attcollation AND a.atttypid <> CAST('name' AS regtype)
		WHERE c.relkind = 'r' AND c.relnamespace = CAST('public' AS regnamespace)
			AND c.relname NOT IN ('goose_db_version', 'dwh_db_version', 'dwh_lock')
		ORDER BY c.relname, a.attnum`) {
		table := got[row[0]]
		table.Name = row[0]
		if row[1] != dwhtest.Null {
			table.Columns = append(table.Columns, schema.Column{
				Name: row[1], Type: row[2], Collation: row[3], NotNull: row[4] == "t", Default: row[5] == "t",
			})
		}
		got[row[0]] = table
	}
	for _, row := range dwhtest.Query(t, dsn, `
		SELECT c.relname, a.attname
		FROM pg_constraint AS k
		INNER JOIN pg_class AS c ON c.oid = k.conrelid
		CROSS JOIN LATERAL UNNEST(k.conkey) WITH ORDINALITY AS u (attnum, position)
		INNER JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = u.attnum
		WHERE k.contype = 'p' AND c.relnamespace = CAST('public' AS regnamespace)
		ORDER BY c.relname, u.position`) {
		if table, ok := got[row[0]]; ok {
			table.Key = append(table.Key, row[1])
			got[row[0]] = table
		}
	}
	for _, row := range dwhtest.Query(t, dsn, `
		SELECT c.relname, x.relname, i.indisunique, i.indnkeyatts, i.indpred IS NOT NULL
		FROM pg_index AS i
		INNER JOIN pg_class AS x ON x.oid = i.indexrelid
		INNER JOIN pg_class AS c ON c.oid = i.indrelid
		WHERE c.relnamespace = CAST('public' AS regnamespace)
			AND NOT EXISTS (SELECT 1 FROM pg_constraint AS k WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x'))
		ORDER BY c.relname, x.oid`) {
		table, ok := got[row[0]]
		if !ok {
			continue
		}
		index := schema.Index{Name: row[1], Unique: row[2] == "t"}
		var keys int
		if _, err := fmt.Sscan(row[3], &keys); err != nil {
			t.Fatal(err)
		}
		index.Expressions = make([]string, keys)
		if row[4] == "t" {
			index.Where = "partial"
		}
		table.Indexes = append(table.Indexes, index)
		got[row[0]] = table
	}
	return got
}

// comparable takes away what live does not read.
func comparable(from schema.Schema) schema.Schema {
	got := schema.Schema{}
	for name, table := range from {
		table.Seeded = false
		table.Indexes = slices.Clone(table.Indexes)
		for i, index := range table.Indexes {
			table.Indexes[i].Expressions = make([]string, len(index.Expressions))
			if index.Where != "" {
				table.Indexes[i].Where = "partial"
			}
		}
		if len(table.Key) == 0 {
			table.Key = nil
		}
		got[name] = table
	}
	return got
}

func compare(t *testing.T, got, want schema.Schema) {
	t.Helper()
	got = comparable(got)
	for name, table := range want {
		if !reflect.DeepEqual(got[name], table) {
			t.Errorf("table %s:\ngot  %+v\nwant %+v", name, got[name], table)
		}
		delete(got, name)
	}
	for name := range got {
		t.Errorf("table %s: PostgreSQL has none", name)
	}
}

// read parses texts as the migrations 00001, 00002, … and applies them.
func read(t *testing.T, engine sqlfile.Engine, texts ...string) schema.Schema {
	t.Helper()
	var files []*sqlfile.File
	for i, text := range texts {
		text = "-- +goose Up\n-- +goose StatementBegin\n" + text + "\n-- +goose StatementEnd\n"
		f, err := sqlfile.Parse(fmt.Sprintf("migrations/%05d_test.sql", i+1), text)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	got, err := schema.FromMigrations(files, engine)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestOwnMigrations(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	pool, err := pgxpool.New(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	m, err := migration.New(t.Context(), pool, migration.Options{Engine: sqlfile.Postgres, FS: migrations.FS})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	if _, err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := migration.Files(migrations.FS, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(files) // the version decides, not the place
	bookkept, err := bookkeeping.Files()
	if err != nil {
		t.Fatal(err)
	}
	tables := func(engine sqlfile.Engine) schema.Schema {
		all, err := schema.FromMigrations(files, engine)
		if err != nil {
			t.Fatal(err)
		}
		own, err := schema.FromMigrations(bookkept, engine)
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(all, own)
		return all
	}
	got := tables(sqlfile.Postgres)
	compare(t, got, live(t, dsn))
	if len(got) == 0 || !got["dwh_lease"].Seeded || got["s_song"].Seeded {
		t.Errorf("seeded: got %v for dwh_lease and %v for s_song, want true and false",
			got["dwh_lease"].Seeded, got["s_song"].Seeded)
	}
	onRedshift := tables(sqlfile.Redshift)
	for name, table := range onRedshift {
		// Redshift gets the same tables without collations and indexes.
		want := got[name]
		want.Indexes, want.Columns = nil, slices.Clone(want.Columns)
		for i := range want.Columns {
			want.Columns[i].Collation = ""
		}
		if !reflect.DeepEqual(table, want) {
			t.Errorf("table %s on Redshift:\ngot  %+v\nwant %+v", name, table, want)
		}
	}
	if len(onRedshift) != len(got) {
		t.Errorf("tables on Redshift: got %d, want %d", len(onRedshift), len(got))
	}
}

// TestPostgres applies statements to a real PostgreSQL, too.
func TestPostgres(t *testing.T) {
	t.Parallel()
	for name, texts := range postgresCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := dwhtest.Database(t)
			for _, text := range texts {
				dwhtest.Query(t, dsn, text)
			}
			compare(t, read(t, sqlfile.Postgres, texts...), live(t, dsn))
		})
	}
}

func TestIndexTexts(t *testing.T) {
	t.Parallel()
	got := read(t, sqlfile.Postgres, `
		CREATE TABLE t (a VARCHAR(8), "B" VARCHAR(8), c BOOLEAN, d INTEGER);
		CREATE INDEX i ON t (RTRIM(a), (A || 'Xy'), "B" COLLATE "C" DESC) WHERE (NOT C);
		CREATE UNIQUE INDEX u ON t USING btree (d) INCLUDE (c) WHERE d IN (1, 2);
		ALTER TABLE t RENAME COLUMN a TO rtrim;
		ALTER TABLE t RENAME "B" TO "B b";`)["t"].Indexes
	want := []schema.Index{
		{
			Name: "i", Expressions: []string{"rtrim ( rtrim )", "rtrim || 'Xy'", `"B b" collate "C" desc`},
			Where: "not c",
		},
		{Name: "u", Unique: true, Expressions: []string{"d"}, Where: "d in ( 1 , 2 )"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("indexes:\ngot  %+v\nwant %+v", got, want)
	}
}

func TestRedshift(t *testing.T) {
	t.Parallel()
	got := read(t, sqlfile.Redshift, `
		CREATE TABLE IF NOT EXISTS public.t (
			id BIGINT IDENTITY(1, 1) ENCODE zstd DISTKEY,
			a VARCHAR(64) ENCODE zstd NOT NULL,
			b TEXT DEFAULT 'x' ENCODE lzo,
			c DECIMAL,
			d VARCHAR(MAX) SORTKEY,
			e BPCHAR,
			f SUPER,
			g CHAR NULL,
			h NUMERIC(12, 2) DEFAULT NULL ENCODE az64,
			i BIGINT GENERATED BY DEFAULT AS IDENTITY(0, 1),
			PRIMARY KEY (id),
			UNIQUE (a)
		) DISTSTYLE KEY COMPOUND SORTKEY (a, d);
		ALTER TABLE t ALTER DISTKEY a;
		ALTER TABLE t ALTER COLUMN a TYPE VARCHAR(128);
		CREATE TABLE made DISTSTYLE ALL SORTKEY (a) AS SELECT a FROM t;
		CREATE TABLE #passing (x INTEGER);
		INSERT INTO t (a) SELECT 'x';`)
	want := schema.Schema{
		"t": {Name: "t", Key: []string{"id"}, Seeded: true, Columns: []schema.Column{
			{Name: "id", Type: "bigint", NotNull: true, Default: true},
			{Name: "a", Type: "character varying(128)", NotNull: true},
			{Name: "b", Type: "character varying(256)", Default: true},
			{Name: "c", Type: "numeric(18,0)"},
			{Name: "d", Type: "character varying(65535)"},
			{Name: "e", Type: "character(256)"},
			{Name: "f", Type: "super"},
			{Name: "g", Type: "character(1)"},
			{Name: "h", Type: "numeric(12,2)"},
			{Name: "i", Type: "bigint", NotNull: true, Default: true},
		}},
		"made": {Name: "made", Unknown: true},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestSeededAndUnknown(t *testing.T) {
	t.Parallel()
	got := read(t, sqlfile.Postgres, `
		CREATE TABLE plain (a INTEGER);
		CREATE TABLE filled (a INTEGER);
		CREATE TABLE through_with (a INTEGER);
		CREATE TABLE emptied (a INTEGER);
		INSERT INTO public.filled VALUES (1);
		WITH new AS (SELECT 1 AS a) INSERT INTO Through_With SELECT a FROM new;
		INSERT INTO emptied VALUES (1);
		CREATE TABLE made AS SELECT a FROM plain;
		CREATE TABLE named (a, b) AS SELECT 1, 2;
		SELECT a INTO selected FROM plain;
		SELECT a INTO TEMP passing FROM plain;
		CREATE TABLE copy (LIKE made);`, `
		DROP TABLE emptied;
		CREATE TABLE emptied (a INTEGER);`, `
		CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC INSERT INTO plain VALUES (1); END;`)
	var seeded, unknown []string
	for name, table := range got {
		if table.Seeded {
			seeded = append(seeded, name)
		}
		if table.Unknown {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(seeded)
	slices.Sort(unknown)
	if got, want := strings.Join(seeded, " "), "filled through_with"; got != want {
		t.Errorf("seeded: got %s, want %s", got, want)
	}
	if got, want := strings.Join(unknown, " "), "copy made named selected"; got != want {
		t.Errorf("unknown: got %s, want %s", got, want)
	}
}

// TestBlock tells of tables what DO leaves known of them.
func TestBlock(t *testing.T) {
	t.Parallel()
	got := read(t, sqlfile.Postgres, `
		CREATE TABLE plain (a INTEGER);
		CREATE TABLE "Quoted" (a INTEGER);
		CREATE TABLE by_text (a INTEGER PRIMARY KEY);
		CREATE TABLE counted (a INTEGER);
		CREATE TABLE kept (a INTEGER);
		DO $$ BEGIN
			IF EXISTS (SELECT 1 FROM kept2) THEN ALTER TABLE "Quoted" ADD b INTEGER; END IF;
			ALTER TABLE other.kept ADD c INTEGER;
			EXECUTE format('ALTER TABLE by_text ADD %I INTEGER', 'b');
			CREATE TABLE IF NOT EXISTS made (x INTEGER);
			CREATE TABLE archive.made_there (x INTEGER);
			ALTER TABLE plain RENAME TO renamed;
			EXECUTE 'CREATE TABLE ' || quote_ident('x') || ' (a INTEGER)';
		END $$;
		DO $$ BEGIN INSERT INTO counted VALUES (1); PERFORM COUNT(*) FROM kept; END $$;
		ALTER TABLE by_text DROP COLUMN b;
		ALTER TABLE by_text ADD COLUMN a INTEGER, ADD PRIMARY KEY (a);`)
	var unknown, known []string
	for name, table := range got {
		if table.Unknown {
			unknown = append(unknown, name)
		} else {
			known = append(known, name)
		}
	}
	slices.Sort(unknown)
	slices.Sort(known)
	if got, want := strings.Join(unknown, " "), "Quoted by_text made plain renamed"; got != want {
		t.Errorf("unknown: got %s, want %s", got, want)
	}
	if got, want := strings.Join(known, " "), "counted kept"; got != want {
		t.Errorf("known: got %s, want %s", got, want)
	}
}

// TestEnvironment expands variables as goose does.
func TestEnvironment(t *testing.T) {
	t.Setenv("DWH_TEST_TABLE", "f_daily")
	t.Setenv("DWH_TEST_COLUMNS", "day DATE, rides INTEGER")
	f, err := sqlfile.Parse("1_a.sql", `-- +goose Up
CREATE TABLE before (a INTEGER DEFAULT length('${DWH_TEST_TABLE}'));
-- +goose ENVSUB ON
CREATE TABLE ${DWH_TEST_TABLE} (
    ${DWH_TEST_COLUMNS},
    ${DWH_TEST_ABSENT:-late} DATE
);
CREATE TABLE ${DWH_TEST_ABSENT} (a INTEGER);
ALTER TABLE ${DWH_TEST_TABLE} DROP COLUMN ${DWH_TEST_COLUMNS} ${DWH_TEST_COLUMNS} ${DWH_TEST_COLUMNS};
-- +goose ENVSUB OFF
CREATE TABLE behind (a INTEGER DEFAULT length('${DWH_TEST_TABLE}'));
`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := schema.FromMigrations([]*sqlfile.File{f}, sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(slices.Sorted(maps.Keys(tables)), " "), "before behind f_daily"; got != want {
		t.Errorf("tables: got %s, want %s", got, want)
	}
	var columns []string
	for _, column := range tables["f_daily"].Columns {
		columns = append(columns, column.Name)
	}
	if got, want := strings.Join(columns, " "), "rides late"; got != want {
		t.Errorf("columns: got %s, want %s", got, want)
	}
}

func TestOwnSchemas(t *testing.T) {
	t.Parallel()
	const mixed = `CREATE TABLE a (x INTEGER);
		CREATE TABLE public.b (x INTEGER);
		CREATE TABLE mine.c (x INTEGER);
		CREATE TABLE "Mine".d (x INTEGER);
		CREATE TABLE db.mine.e (x INTEGER);`
	for _, c := range []struct {
		text string
		own  []string
		want string
	}{
		{mixed, nil, "a b"},
		{mixed, []string{"mine"}, "a c e"},
		{mixed, []string{"Mine", "public"}, "a b d"},
		// A role may have a search_path of its own.
		{"CREATE TABLE mine.c (x INTEGER);", nil, "c"},
	} {
		f, err := sqlfile.Parse("1_a.sql", "-- +goose Up\n"+c.text+"\n")
		if err != nil {
			t.Fatal(err)
		}
		tables, err := schema.FromMigrations([]*sqlfile.File{f}, sqlfile.Postgres, c.own...)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(slices.Sorted(maps.Keys(tables)), " "); got != c.want {
			t.Errorf("own schemas %q: got %s, want %s", c.own, got, c.want)
		}
	}
}

func TestColumnTypes(t *testing.T) {
	t.Parallel()
	for typ, want := range map[string]struct {
		text   bool
		length int
	}{
		"character varying(64)": {true, 64}, "character varying": {true, 0}, "character(3)": {true, 3},
		"text": {true, 0}, "bpchar": {true, 0}, "bigint": {}, "numeric(12,2)": {}, "bit(3)": {},
		"character varying(64)[]": {}, "timestamp(3) without time zone": {}, "text[]": {},
	} {
		c := schema.Column{Type: typ}
		if c.Text() != want.text || c.Length() != want.length {
			t.Errorf("%s: got %v and %d, want %v and %d", typ, c.Text(), c.Length(), want.text, want.length)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ file, text, want string }{
		"no version":   {"create.sql", "SELECT 1;", "migration create.sql has no version: name it NNNNN_name.sql"},
		"no type":      {"1_a.sql", "CREATE TABLE t (a);", "1_a.sql:2:17: expected the type of a column"},
		"no name":      {"1_a.sql", "CREATE TABLE (a INTEGER);", "1_a.sql:2:14: expected the name of a table"},
		"open bracket": {"1_a.sql", "CREATE TABLE t (a INTEGER;", "1_a.sql:2:16: bracket is never closed"},
		"no column": {
			"1_a.sql", "CREATE TABLE t (a INTEGER);\nALTER TABLE t\n    DROP COLUMN b;",
			"1_a.sql:4:17: table t has no column b",
		},
		"twice": {"1_a.sql", "CREATE TABLE t (a INTEGER, a DATE);", "1_a.sql:2:28: table t has a column a already"},
		"no key": {
			"1_a.sql", "CREATE TABLE t (a INTEGER, PRIMARY KEY (b));",
			"1_a.sql:2:28: table t has no column b for its primary key",
		},
	} {
		f, err := sqlfile.Parse(test.file, "-- +goose Up\n"+test.text+"\n")
		if err != nil {
			t.Fatal(err)
		}
		_, err = schema.FromMigrations([]*sqlfile.File{f}, sqlfile.Postgres)
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
}
