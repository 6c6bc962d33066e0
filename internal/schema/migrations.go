package schema

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// FromMigrations applies the Up sections of the files in order of their versions, as the given
// engine gets them. A file is named NNNNN_name.sql, and its version is the leading number. own
// names the schemas that the connection works in; without any it is public. Tables of other schemas
// are left out, unless the migrations leave no other ones: then the connection's role has a
// search_path that is not known here. Temporary tables are left out. ALTER TABLE of a table that no
// migration creates is ignored. A statement that cannot be read is an *sqlfile.Error.
func FromMigrations(files []*sqlfile.File, engine sqlfile.Engine, own ...string) (Schema, error) {
	type migration struct {
		version int64
		file    *sqlfile.File
	}
	migrations := make([]migration, 0, len(files))
	for _, f := range files {
		version, err := versionOf(f.Name())
		if err != nil {
			return nil, err
		}
		migrations = append(migrations, migration{version, f})
	}
	slices.SortStableFunc(migrations, func(a, b migration) int { return cmp.Compare(a.version, b.version) })
	if len(own) == 0 {
		own = []string{publicSchema}
	}
	b := builder{engine: engine, own: own, tables: map[relation]*table{}}
	for i, m := range migrations {
		if i > 0 && migrations[i-1].version == m.version {
			return nil, fmt.Errorf("migrations %s and %s have the same version %d",
				migrations[i-1].file.Name(), m.file.Name(), m.version)
		}
		b.temporary = map[string]*table{}
		for _, s := range m.file.Statements(engine) {
			if s.Section() != "up" {
				continue
			}
			if err := b.apply(s); err != nil {
				return nil, err
			}
		}
	}
	return b.export(), nil
}

// The schemas of PostgreSQL that names may be qualified with: the default one, and that of
// temporary tables.
const (
	publicSchema    = "public"
	temporarySchema = "pg_temp"
)

// export returns the tables of the schema that dwh works in.
func (b *builder) export() Schema {
	schema := Schema{}
	for at, t := range b.tables {
		if at.schema == "" {
			schema[at.name] = t.export()
		}
	}
	if len(schema) > 0 {
		return schema
	}
	for at, t := range b.tables {
		schema[at.name] = t.export()
	}
	return schema
}

func versionOf(name string) (int64, error) {
	base := path.Base(name)
	digits := 0
	for digits < len(base) && base[digits] >= '0' && base[digits] <= '9' {
		digits++
	}
	version, err := strconv.ParseInt(base[:digits], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("migration %s has no version: name it NNNNN_name.sql", name)
	}
	return version, nil
}

// builder holds the tables while statements change them.
type builder struct {
	engine    sqlfile.Engine
	own       []string // the names of the schema that dwh works in
	tables    map[relation]*table
	temporary map[string]*table // of the current file
}

// table is a Table with what later statements need to know.
type table struct {
	relation
	columns []column
	key     []string
	keyName string // of the primary key's constraint
	indexes []index
	seeded  bool
	unknown bool
}

type column struct {
	Column
	filled fill
}

// fill says what gives a column its value when INSERT does not.
type fill int

const (
	byNothing fill = iota
	byDefault
	byIdentity
	byExpression // GENERATED ALWAYS AS (expression)
)

type index struct {
	Index
	included []string // INCLUDE (column, …)
}

func (t *table) export() Table {
	exported := Table{Name: t.name, Key: t.key, Seeded: t.seeded, Unknown: t.unknown}
	for _, c := range t.columns {
		c.Default = c.filled != byNothing
		exported.Columns = append(exported.Columns, c.Column)
	}
	for _, i := range t.indexes {
		exported.Indexes = append(exported.Indexes, i.Index)
	}
	return exported
}

// column returns the column of that name, nil when there is none.
func (t *table) column(name string) *column {
	for i := range t.columns {
		if t.columns[i].Name == name {
			return &t.columns[i]
		}
	}
	return nil
}

// find returns the table of that name, nil when no migration creates it. A temporary table hides
// another of its name.
func (b *builder) find(at relation) *table {
	if t := b.temporary[at.name]; t != nil && (at.schema == "" || at.schema == temporarySchema) {
		return t
	}
	return b.tables[at]
}

// remove takes a table away.
func (b *builder) remove(t *table) (temporary bool) {
	if temporary = b.temporary[t.name] == t; temporary {
		delete(b.temporary, t.name)
	} else {
		delete(b.tables, t.relation)
	}
	return temporary
}

// move gives a table another name or schema.
func (b *builder) move(t *table, to relation) {
	temporary := b.remove(t)
	t.relation = to
	b.add(t, temporary)
}

// apply changes the tables as the statement does.
func (b *builder) apply(s sqlfile.Statement) error {
	text := expanded(s)
	var tokens []sqlfile.Token
	for _, t := range sqlfile.Tokens(text) {
		if t.Kind != sqlfile.KindComment && t.Kind != sqlfile.KindMarker {
			tokens = append(tokens, t)
		}
	}
	r := &reader{statement: s, engine: b.engine, own: b.own, tokens: tokens}
	if r.routine() {
		return nil
	}
	// Between StatementBegin and StatementEnd several statements may stand.
	for start := 0; start < len(tokens); {
		end := start
		for end < len(tokens) && tokens[end].Kind != sqlfile.KindSemicolon {
			end++
		}
		// goose may have other environment variables when it runs: what is wrong with these is not
		// told.
		if err := b.applyOne(r.sub(tokens[start:end])); err != nil && text == s.SQL() {
			return err
		}
		start = end + 1
	}
	return nil
}

func (b *builder) applyOne(r *reader) error {
	switch {
	case r.skip("CREATE"):
		return b.create(r)
	case r.skip("ALTER", "TABLE"):
		return b.alterTable(r)
	case r.skip("ALTER", "INDEX"):
		b.alterIndex(r)
	case r.skip("DROP", "TABLE"):
		b.dropTable(r)
	case r.skip("DROP", "INDEX"):
		b.dropIndex(r)
	case r.skip("DO"):
		b.block(r)
	case r.is("INSERT"), r.is("WITH"), r.is("SELECT"):
		b.query(r)
	}
	return nil
}

// query reads INSERT INTO, which may also stand in a WITH clause, and SELECT INTO.
func (b *builder) query(r *reader) {
	for depth := 0; !r.done(); {
		switch {
		case r.skip("INSERT", "INTO"):
			if name, ok := r.qualified(); ok {
				if t := b.find(name); t != nil {
					t.seeded = true
				}
			}
			continue
		case depth == 0 && r.skip("INTO"):
			temporary := r.temporary()
			r.skip("UNLOGGED")
			r.skip("TABLE")
			if name, ok := r.qualified(); ok {
				b.add(&table{relation: name, unknown: true}, temporary)
			}
			continue
		case r.isOp("("):
			depth++
		case r.isOp(")"):
			depth--
		}
		r.at++
	}
}

// add records a new table.
func (b *builder) add(t *table, temporary bool) {
	if temporary || t.schema == temporarySchema {
		t.schema = ""
		b.temporary[t.name] = t
	} else {
		b.tables[t.relation] = t
	}
}

func (b *builder) dropTable(r *reader) {
	r.skip("IF", "EXISTS")
	for {
		name, ok := r.qualified()
		if !ok {
			return
		}
		if t := b.find(name); t != nil {
			b.remove(t)
		}
		if !r.skipOp(",") {
			return
		}
	}
}
