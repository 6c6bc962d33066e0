package schema

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// AddIndex adds the index of a CREATE INDEX statement to its table. A table that is not known is
// ignored.
func (s Schema) AddIndex(statement sqlfile.Statement) error {
	b := builder{engine: statement.Engine(), own: []string{publicSchema}, tables: map[relation]*table{}}
	for name, t := range s {
		known := &table{relation: relation{name: name}}
		for _, i := range t.Indexes {
			known.indexes = append(known.indexes, index{Index: i})
		}
		b.tables[known.relation] = known
	}
	if err := b.apply(statement); err != nil {
		return err
	}
	for name, t := range s {
		if made := b.tables[relation{name: name}].indexes; len(made) > len(t.Indexes) {
			t.Indexes = append(slices.Clone(t.Indexes), made[len(made)-1].Index)
			s[name] = t
		}
	}
	return nil
}

// createIndex reads what follows CREATE [UNIQUE] INDEX.
func (b *builder) createIndex(r *reader, unique bool) error {
	r.skip("CONCURRENTLY")
	ifNotExists := r.skip("IF", "NOT", "EXISTS")
	name := ""
	if !r.is("ON") {
		var ok bool
		if name, ok = r.name(); !ok {
			return r.fail("expected the name of an index")
		}
	}
	if !r.skip("ON") {
		return r.fail("expected ON and the name of a table")
	}
	r.skip("ONLY")
	on, ok := r.qualified()
	if !ok {
		return r.fail("expected the name of a table")
	}
	t := b.find(on)
	if t == nil || name != "" && ifNotExists && b.taken(relation{t.schema, name}) {
		return nil
	}
	if r.skip("USING") {
		r.at++
	}
	inside, err := r.brackets()
	if err != nil {
		return err
	}
	i := index{Index: Index{Name: name, Unique: unique}}
	for _, item := range items(inside) {
		i.Expressions = append(i.Expressions, normalize(unwrap(r, item)))
	}
	if r.skip("INCLUDE") {
		if i.included, err = r.names(); err != nil {
			return err
		}
	}
	for !r.done() && !r.is("WHERE") {
		r.at++
	}
	if r.skip("WHERE") {
		i.Where = normalize(unwrap(r, r.tokens[r.at:]))
	}
	if i.Name == "" {
		i.Name = b.indexName(t, i)
	}
	t.indexes = append(t.indexes, i)
	return nil
}

// copyIndexes gives a table the key and the indexes of another, with new names.
func (b *builder) copyIndexes(from, t *table) {
	if len(from.key) > 0 {
		t.key = slices.Clone(from.key)
		t.keyName = b.freeName(t.relation, "", "pkey")
	}
	for _, i := range from.indexes {
		i.Name = b.indexName(t, i)
		i.Expressions = slices.Clone(i.Expressions)
		i.included = slices.Clone(i.included)
		t.indexes = append(t.indexes, i)
	}
}

func (b *builder) dropIndex(r *reader) {
	r.skip("CONCURRENTLY")
	r.skip("IF", "EXISTS")
	for {
		name, ok := r.qualified()
		if !ok {
			return
		}
		for t := range b.in(name.schema) {
			t.indexes = slices.DeleteFunc(t.indexes, func(i index) bool { return i.Name == name.name })
		}
		if !r.skipOp(",") {
			return
		}
	}
}

// alterIndex reads ALTER INDEX i RENAME TO j. The index of a key has the name of its constraint.
func (b *builder) alterIndex(r *reader) {
	r.skip("IF", "EXISTS")
	from, ok := r.qualified()
	if !ok || !r.skip("RENAME", "TO") {
		return
	}
	if to, ok := r.name(); ok {
		b.renameIndex(from, to)
	}
}

func (b *builder) renameIndex(from relation, to string) {
	for t := range b.in(from.schema) {
		if t.keyName == from.name {
			t.keyName = to
		}
		for i := range t.indexes {
			if t.indexes[i].Name == from.name {
				t.indexes[i].Name = to
			}
		}
	}
}

// in yields the tables of a schema, and temporary ones, which stand in each.
func (b *builder) in(schema string) func(yield func(*table) bool) {
	return func(yield func(*table) bool) {
		for _, t := range b.tables {
			if t.schema == schema && !yield(t) {
				return
			}
		}
		for _, t := range b.temporary {
			if !yield(t) {
				return
			}
		}
	}
}

// taken reports whether a table or an index has the name.
func (b *builder) taken(at relation) bool {
	if b.find(at) != nil {
		return true
	}
	for t := range b.in(at.schema) {
		named := func(i index) bool { return i.Name == at.name }
		if t.keyName == at.name || slices.ContainsFunc(t.indexes, named) {
			return true
		}
	}
	return false
}

// indexName returns the name that PostgreSQL gives an index without one.
func (b *builder) indexName(t *table, i index) string {
	var parts []string
	for _, expression := range i.Expressions {
		parts = append(parts, distinct(parts, expressionName(expression)))
	}
	for _, column := range i.included {
		parts = append(parts, distinct(parts, column))
	}
	return b.freeName(t.relation, strings.Join(parts, "_"), "idx")
}

// distinct adds the first number to name that makes it differ from the others.
func distinct(others []string, name string) string {
	tried := name
	for n := 1; slices.Contains(others, tried); n++ {
		tried = name + strconv.Itoa(n)
	}
	return tried
}

// expressionName returns what an expression adds to the name of its index: the name of a column or
// of a function.
func expressionName(expression string) string {
	r := &reader{engine: sqlfile.Postgres, tokens: sqlfile.Tokens(expression)}
	read, ok := r.qualified()
	switch {
	case !ok:
		return "expr"
	case r.isOp("("):
		if _, ok := r.closed(); !ok || !r.done() {
			return "expr"
		}
	case !r.done() && r.tokens[r.at].Kind == sqlfile.KindOp:
		return "expr"
	}
	return read.name
}

// freeName makes a name of a table's name, an addition and a label as PostgreSQL does: at most 63
// bytes long, and with a number behind the label when the name is taken.
func (b *builder) freeName(of relation, addition, label string) string {
	table := of.name
	for n := 0; ; n++ {
		suffix := "_" + label
		if n > 0 {
			suffix += strconv.Itoa(n)
		}
		first, second := len(table), len(addition)
		room := 63 - len(suffix)
		if second > 0 {
			room--
		}
		for first+second > room {
			if first > second {
				first--
			} else {
				second--
			}
		}
		name := clip(table, first)
		if second > 0 {
			name += "_" + clip(addition, second)
		}
		if name += suffix; !b.taken(relation{of.schema, name}) {
			return name
		}
	}
}

// mentions reports whether an index uses the column.
func (i index) mentions(column string) bool {
	if slices.Contains(i.included, column) {
		return true
	}
	for _, text := range append([]string{i.Where}, i.Expressions...) {
		found := false
		replaceColumn(text, column, func(sqlfile.Token) string { found = true; return "" })
		if found {
			return true
		}
	}
	return false
}

// rename gives a column of the index a new name.
func (i *index) rename(from, to string) {
	spelled := func(sqlfile.Token) string {
		return quoteIdent(to)
	}
	i.Where = replaceColumn(i.Where, from, spelled)
	for n := range i.Expressions {
		i.Expressions[n] = replaceColumn(i.Expressions[n], from, spelled)
	}
	for n := range i.included {
		if i.included[n] == from {
			i.included[n] = to
		}
	}
}

// replaceColumn calls replace for each place where a normalized text names the column.
func replaceColumn(text, column string, replace func(sqlfile.Token) string) string {
	tokens := sqlfile.Tokens(text)
	r := &reader{engine: sqlfile.Postgres, tokens: tokens}
	for i, t := range tokens {
		name, ok := r.identifier(t)
		switch {
		case !ok || name != column:
		case i+1 < len(tokens) && tokens[i+1].Text == "(": // a function
		case i+1 < len(tokens) && tokens[i+1].Text == ".": // a table
		case i > 0 && (tokens[i-1].Text == "::" || tokens[i-1].Is("AS")): // a type
		case i > 0 && (tokens[i-1].Is("COLLATE") || tokens[i-1].Is("NULLS")):
		default:
			tokens[i].Text, tokens[i].Kind = replace(t), sqlfile.KindQuotedIdent // keeps its case
		}
	}
	return normalize(tokens)
}
