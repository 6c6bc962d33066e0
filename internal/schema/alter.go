package schema

import (
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// alterTable reads what follows ALTER TABLE.
func (b *builder) alterTable(r *reader) error {
	r.skip("IF", "EXISTS")
	r.skip("ONLY")
	name, ok := r.qualified()
	if !ok {
		return r.fail("expected the name of a table")
	}
	r.skipOp("*")
	t := b.find(name)
	if t == nil {
		if r.skip("RENAME", "TO") { // ALTER TABLE renames indexes too
			if to, ok := r.name(); ok {
				b.renameIndex(name, to)
			}
		}
		return nil
	}
	var actions []*reader
	for _, item := range items(r.tokens[r.at:]) {
		actions = append(actions, r.sub(item))
	}
	slices.SortStableFunc(actions, func(x, y *reader) int { return x.pass() - y.pass() })
	for _, action := range actions {
		if err := b.alter(action, t); err != nil {
			return err
		}
	}
	return nil
}

// pass tells when PostgreSQL performs an action of ALTER TABLE: drops first, then changes of types,
// then new columns, then the rest (AlterTablePass in src/backend/commands/tablecmds.c).
func (r *reader) pass() int {
	action := r.sub(r.tokens)
	switch {
	case action.skip("DROP"):
		return 0
	case action.skip("ADD"):
		if action.any("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "EXCLUDE") {
			return 3
		}
		return 2
	case action.skip("ALTER"):
		action.skip("COLUMN")
		action.name()
		if action.is("DROP") {
			return 0
		}
		if action.is("TYPE") || action.is("SET", "DATA") {
			return 1
		}
	}
	return 3
}

func (b *builder) alter(r *reader, t *table) error {
	switch {
	case r.skip("ADD"):
		return b.alterAdd(r, t)
	case r.skip("DROP"):
		return b.alterDrop(r, t)
	case r.skip("RENAME"):
		return b.alterRename(r, t)
	case r.skip("ALTER"):
		return b.alterColumn(r, t)
	case r.skip("SET", "SCHEMA"):
		if name, ok := r.name(); ok {
			b.move(t, relation{r.schema(name), t.name})
		}
	}
	return nil
}

func (b *builder) alterAdd(r *reader, t *table) error {
	if done, err := b.constraint(r, t); done || err != nil {
		return err
	}
	r.skip("COLUMN")
	ifNotExists := r.skip("IF", "NOT", "EXISTS")
	if ifNotExists {
		next := r.sub(r.tokens[r.at:])
		if name, ok := next.name(); ok && t.column(name) != nil {
			return nil
		}
	}
	return b.addColumn(r, t)
}

// keyUsing reads the index that ADD PRIMARY KEY USING INDEX makes the key's own.
func (b *builder) keyUsing(r *reader, t *table, name string) error {
	from, ok := r.name()
	at := slices.IndexFunc(t.indexes, func(i index) bool { return i.Name == from })
	if !ok || at < 0 {
		return nil
	}
	var key []string
	for _, expression := range t.indexes[at].Expressions {
		column, _ := (&reader{engine: b.engine, tokens: sqlfile.Tokens(expression)}).name()
		key = append(key, column)
	}
	if name == "" {
		name = from
	}
	t.indexes = slices.Delete(t.indexes, at, at+1)
	return b.setKey(r, t, name, key)
}

func (b *builder) alterDrop(r *reader, t *table) error {
	constraint := r.skip("CONSTRAINT")
	if !constraint {
		r.skip("COLUMN")
	}
	ifExists := r.skip("IF", "EXISTS")
	at := r.at
	name, ok := r.name()
	if !ok {
		return nil
	}
	if constraint {
		if t.keyName == name {
			t.key, t.keyName = nil, ""
		}
		return nil
	}
	if t.column(name) == nil {
		if ifExists || t.unknown {
			return nil
		}
		return r.missing(at, t, name)
	}
	t.columns = slices.DeleteFunc(t.columns, func(c column) bool { return c.Name == name })
	// What is built on the column goes with it.
	t.indexes = slices.DeleteFunc(t.indexes, func(i index) bool { return i.mentions(name) })
	if slices.Contains(t.key, name) {
		t.key, t.keyName = nil, ""
	}
	return nil
}

func (b *builder) alterRename(r *reader, t *table) error {
	if r.skip("TO") {
		if to, ok := r.name(); ok {
			b.move(t, relation{t.schema, to})
		}
		return nil
	}
	constraint := r.skip("CONSTRAINT")
	if !constraint {
		r.skip("COLUMN")
	}
	at := r.at
	from, ok := r.name()
	if !ok || !r.skip("TO") {
		return nil
	}
	to, ok := r.name()
	if !ok {
		return r.fail("expected the new name")
	}
	if constraint {
		if t.keyName == from {
			t.keyName = to
		}
		return nil
	}
	c := t.column(from)
	if c == nil {
		if t.unknown {
			return nil
		}
		return r.missing(at, t, from)
	}
	c.Name = to
	for i := range t.key {
		if t.key[i] == from {
			t.key[i] = to
		}
	}
	for i := range t.indexes {
		t.indexes[i].rename(from, to)
	}
	return nil
}

func (b *builder) alterColumn(r *reader, t *table) error {
	redshift := r.any("DISTKEY", "DISTSTYLE", "SORTKEY", "ENCODE") || r.is("COMPOUND", "SORTKEY")
	if r.is("CONSTRAINT") || redshift && r.engine == sqlfile.Redshift {
		return nil
	}
	r.skip("COLUMN")
	at := r.at
	name, ok := r.name()
	if !ok {
		return nil
	}
	c := t.column(name)
	switch {
	case c == nil && t.unknown:
		return nil
	case c == nil:
		return r.missing(at, t, name)
	case r.skip("TYPE"), r.skip("SET", "DATA", "TYPE"):
		changed, _, err := r.readType()
		if err != nil {
			return err
		}
		// Without COLLATE the column gets the new type's own collation.
		c.Type, c.Collation = changed, ""
		if r.skip("COLLATE") {
			c.Collation = r.collation()
		}
	case r.is("SET", "NOT", "NULL"):
		c.NotNull = true
	case r.is("DROP", "NOT", "NULL"):
		c.NotNull = false
	case r.skip("SET", "DEFAULT"):
		c.filled, c.DefaultTrue = byNothing, r.is("TRUE")
		if r.skipDefault() {
			c.filled = byDefault
		}
	case r.is("DROP", "DEFAULT"), r.is("DROP", "IDENTITY"), r.is("DROP", "EXPRESSION"):
		c.filled, c.DefaultTrue = byNothing, false
	case r.is("ADD", "GENERATED"):
		c.filled = byIdentity
	}
	return nil
}

// missing returns an error at the token with the name of a column.
func (r *reader) missing(at int, t *table, column string) error {
	r.at = at
	var known []string
	for _, c := range t.columns {
		known = append(known, c.Name)
	}
	return r.errorAt(r.tokens[at].Start, "table "+t.name+" has no column "+column,
		"its columns: "+strings.Join(known, ", "))
}
