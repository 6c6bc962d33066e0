package schema

import (
	"slices"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// create reads what follows CREATE.
func (b *builder) create(r *reader) error {
	unique := r.skip("UNIQUE")
	if r.skip("INDEX") {
		return b.createIndex(r, unique)
	}
	temporary := r.temporary()
	r.skip("UNLOGGED")
	if !r.skip("TABLE") {
		return nil
	}
	ifNotExists := r.skip("IF", "NOT", "EXISTS")
	if r.isOp("#") { // https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html
		r.at++
		temporary = true
	}
	name, ok := r.qualified()
	if !ok {
		return r.fail("expected the name of a table")
	}
	if temporary = temporary || name.schema == temporarySchema; temporary {
		name.schema = ""
	}
	if temporary && ifNotExists && b.temporary[name.name] != nil || !temporary && ifNotExists && b.tables[name] != nil {
		return nil
	}
	t := &table{relation: name}
	b.add(t, temporary)
	if !r.isOp("(") {
		t.unknown = true // AS, OF, PARTITION OF
		return nil
	}
	inside, err := r.brackets()
	if err != nil {
		return err
	}
	if r.before("AS") {
		t.unknown = true
		return nil
	}
	t.unknown = r.is("INHERITS")
	var copies []*table
	for _, item := range items(inside) {
		entry := r.sub(item)
		if entry.skip("LIKE") {
			if err := b.like(entry, t, &copies); err != nil {
				return err
			}
			continue
		}
		if err := b.element(entry, t); err != nil {
			return err
		}
	}
	for _, c := range copies {
		b.copyIndexes(c, t)
	}
	return nil
}

// element reads a column or a constraint of a table.
func (b *builder) element(r *reader, t *table) error {
	if done, err := b.constraint(r, t); done || err != nil {
		return err
	}
	return b.addColumn(r, t)
}

// constraint reads the constraint of a table; false when something else comes next.
func (b *builder) constraint(r *reader, t *table) (bool, error) {
	name := ""
	if r.skip("CONSTRAINT") {
		var ok bool
		if name, ok = r.name(); !ok {
			return true, r.fail("expected the name of a constraint")
		}
	}
	switch {
	case r.skip("PRIMARY", "KEY", "USING", "INDEX"):
		return true, b.keyUsing(r, t, name)
	case r.skip("PRIMARY", "KEY"):
		key, err := r.names()
		if err != nil {
			return true, err
		}
		return true, b.setKey(r, t, name, key)
	case r.is("NOT", "NULL"): // PostgreSQL 18
		r.at += 2
		column, _ := r.name()
		if c := t.column(column); c != nil {
			c.NotNull = true
		}
		return true, nil
	}
	other := r.any("UNIQUE", "CHECK", "FOREIGN") || r.is("EXCLUDE", "USING") ||
		r.is("EXCLUDE") && r.at+1 < len(r.tokens) && r.tokens[r.at+1].Text == "("
	return other || name != "", nil
}

// setKey makes columns the primary key.
func (b *builder) setKey(r *reader, t *table, name string, key []string) error {
	for _, k := range key {
		c := t.column(k)
		if c == nil && !t.unknown {
			r.at = 0
			return r.fail("table " + t.name + " has no column " + k + " for its primary key")
		}
		if c != nil {
			c.NotNull = true
		}
	}
	if name == "" {
		name = b.freeName(t.relation, "", "pkey")
	}
	t.key, t.keyName = key, name
	return nil
}

// addColumn reads the definition of a column.
func (b *builder) addColumn(r *reader, t *table) error {
	name, ok := r.name()
	if !ok {
		return r.fail("expected the name of a column")
	}
	if t.column(name) != nil {
		if t.unknown {
			return nil
		}
		r.at = 0
		return r.fail("table " + t.name + " has a column " + name + " already")
	}
	c := column{Column: Column{Name: name}}
	var serial bool
	var err error
	if c.Type, serial, err = r.readType(); err != nil {
		return err
	}
	if serial {
		c.NotNull, c.filled = true, byDefault
	}
	isKey, keyName, err := r.columnConstraints(&c)
	if err != nil {
		return err
	}
	t.columns = append(t.columns, c)
	if isKey {
		return b.setKey(r, t, keyName, []string{name})
	}
	return nil
}

// columnConstraints reads what follows the type of a column.
func (r *reader) columnConstraints(c *column) (isKey bool, keyName string, err error) {
	name := ""
	for !r.done() {
		switch {
		case r.skip("CONSTRAINT"):
			name, _ = r.name()
			continue
		case r.skip("NOT", "NULL"):
			c.NotNull = true
		case r.skip("PRIMARY", "KEY"):
			isKey, keyName = true, name
		case r.skip("DEFAULT"):
			c.DefaultTrue = r.is("TRUE")
			if r.skipDefault() {
				c.filled = byDefault
			}
		case r.skip("GENERATED", "BY", "DEFAULT", "AS", "IDENTITY"), r.skip("GENERATED", "ALWAYS", "AS", "IDENTITY"),
			r.engine == sqlfile.Redshift && r.skip("IDENTITY"):
			c.filled, c.NotNull = byIdentity, true
		case r.skip("GENERATED", "ALWAYS", "AS"):
			c.filled = byExpression
		case r.skip("COLLATE"):
			c.Collation = r.collation()
		case r.skip("REFERENCES"):
			r.skipReference()
		case r.skip("STORAGE"), r.skip("COMPRESSION"), r.skip("ENCODE"):
			r.at++
		case r.isOp("("):
			if _, err := r.brackets(); err != nil {
				return false, "", err
			}
		default:
			r.at++
		}
		name = ""
	}
	return isKey, keyName, nil
}

// collation reads the name of a collation and returns it when it is C.
func (r *reader) collation() string {
	if read, ok := r.qualified(); ok && read.name == "C" {
		return read.name
	}
	return ""
}

// skipReference reads a foreign key. Its actions hold the words NULL and DEFAULT.
func (r *reader) skipReference() {
	r.qualified()
	if r.isOp("(") {
		_, _ = r.closed()
	}
	for {
		switch {
		case r.skip("MATCH"):
			r.at++
		case r.skip("ON", "DELETE"), r.skip("ON", "UPDATE"):
			if r.skip("SET") || r.skip("NO") {
				r.at++
				if r.isOp("(") {
					_, _ = r.closed()
				}
			} else {
				r.at++
			}
		default:
			return
		}
	}
}

// skipDefault reads the expression of a default. A plain NULL is none.
func (r *reader) skipDefault() bool {
	start, cases := r.at, 0
	for !r.done() {
		first := r.at == start
		switch {
		case r.skip("CASE"):
			cases++
			continue
		case cases > 0 && r.skip("END"):
			cases--
			continue
		case r.isOp("("):
			if _, ok := r.closed(); ok {
				continue
			}
		case r.isOp(".") && r.at+1 < len(r.tokens):
			r.at++ // a name, whatever it is
		case !first && cases == 0 && r.endsDefault():
			return !r.sub(r.tokens[start:r.at]).isNull()
		}
		r.at++
	}
	return !r.sub(r.tokens[start:]).isNull()
}

func (r *reader) isNull() bool { return len(r.tokens) == 1 && r.is("NULL") }

// endsDefault reports whether the next token begins another clause of the column.
func (r *reader) endsDefault() bool {
	if r.is("NOT", "NULL") || r.is("NOT", "DEFERRABLE") || r.is("PRIMARY", "KEY") {
		return true
	}
	if r.any("CONSTRAINT", "UNIQUE", "CHECK", "REFERENCES", "GENERATED", "COLLATE", "DEFERRABLE", "INITIALLY") {
		return true
	}
	if r.engine == sqlfile.Redshift && r.any("ENCODE", "DISTKEY", "SORTKEY", "IDENTITY") {
		return true
	}
	previous := r.tokens[r.at-1]
	return r.is("NULL") && (previous.Kind != sqlfile.KindOp || previous.Text == ")" || previous.Text == "]")
}

// like reads LIKE other [INCLUDING …]. It adds to copies a table whose indexes are to be copied.
func (b *builder) like(r *reader, t *table, copies *[]*table) error {
	name, ok := r.qualified()
	if !ok {
		return r.fail("expected the name of a table")
	}
	from := b.find(name)
	if from == nil {
		t.unknown = true
		return nil
	}
	t.unknown = t.unknown || from.unknown
	var with []string
	for !r.done() {
		include := r.skip("INCLUDING")
		if !include && !r.skip("EXCLUDING") || r.done() {
			break
		}
		what := lower(r.tokens[r.at].Text)
		r.at++
		all := []string{"defaults", "identity", "generated", "indexes"}
		switch {
		case include && what == "all":
			with = all
		case include:
			with = append(with, what)
		case what == "all":
			with = nil
		default:
			with = slices.DeleteFunc(with, func(w string) bool { return w == what })
		}
	}
	option := map[fill]string{byDefault: "defaults", byIdentity: "identity", byExpression: "generated"}
	for _, c := range from.columns {
		if !slices.Contains(with, option[c.filled]) {
			c.filled = byNothing
		}
		t.columns = append(t.columns, c)
	}
	if slices.Contains(with, "indexes") {
		*copies = append(*copies, from)
	}
	return nil
}
