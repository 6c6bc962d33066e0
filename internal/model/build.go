package model

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// ErrTooLong is what a Session wraps when the server refuses a text because of its length (SQLSTATE
// 22001).
var ErrTooLong = errors.New("a text is too long for its column")

// Build computes models from everything that is staged now. Each stored model becomes a table of the
// scratch schema that has its name; what helpers hold is kept while the build needs it. Stored models
// that are not among the chosen are read as they stand. after is called with each table that was made.
func (x *Run) Build(ctx context.Context, chosen []*Model, after func(m *Model, built *Table) error) error {
	x.standStaging()
	isChosen := map[string]bool{}
	for _, m := range chosen {
		isChosen[m.Name] = true
	}
	for _, m := range x.Graph.Upstream(chosen...) {
		x.current = m
		var err error
		switch {
		case m.Kind == Script && isChosen[m.Name]:
			err = x.within(ctx, m, func(ctx context.Context) error { return x.buildScript(ctx, m) })
		case m.Kind == Script, m.Stored && !isChosen[m.Name], !m.Stored && !x.held(m):
			continue
		case m.Stored:
			err = x.within(ctx, m, func(ctx context.Context) error { return x.buildStored(ctx, m) })
		default:
			err = x.within(ctx, m, func(ctx context.Context) error { return x.buildHelper(ctx, m) })
		}
		if err != nil {
			return err
		}
		if err := after(m, x.built[m.Name]); err != nil {
			return err
		}
	}
	x.current = nil
	return nil
}

// held tells whether a build keeps a helper's rows in a table: they have a key or a group to check, or
// it is a lookup, of which the planner has to know the values.
func (x *Run) held(m *Model) bool {
	readers := x.Graph.Readers(m.Name)
	if len(m.Key) > 0 || m.Kind == Group || len(readers) > 1 && m.Kind == Whole {
		return true
	}
	return slices.ContainsFunc(readers, func(reader *Model) bool { return x.lookup(reader, m.Name) })
}

func (x *Run) buildHelper(ctx context.Context, m *Model) error {
	query, err := x.full(ctx, m)
	if err != nil {
		return err
	}
	built, err := x.create(ctx, "all", "its rows, once for all that read it", query, x.lookedUpBy(m.Name))
	if err != nil {
		return err
	}
	if err := x.checkBuilt(ctx, m, built); err != nil {
		return err
	}
	x.hold(m, built)
	return nil
}

// hold has everybody read what was built.
func (x *Run) hold(m *Model, built *Table) {
	x.built[m.Name] = built
	x.at[relationState{m.Name, now}] = built.SQL
}

func (x *Run) buildStored(ctx context.Context, m *Model) error {
	query, err := x.full(ctx, m)
	if err != nil {
		return err
	}
	built := &Table{SQL: qualified(x.Scratch, m.Name)}
	if err := x.fill(ctx, m, built, query); err != nil {
		if !errors.Is(err, ErrTooLong) {
			return err
		}
		if told := x.checkLengths(ctx, m, from(query)); told != nil {
			return told
		}
		return err
	}
	if err := x.checkBuilt(ctx, m, built); err != nil {
		return err
	}
	x.hold(m, built)
	if len(x.Graph.Readers(m.Name)) > 0 {
		if err := x.analyze(ctx, built, x.lookedUpBy(m.Name)); err != nil {
			return err
		}
	}
	return nil
}

// fill makes the table of a stored model, with the columns that the SELECT gives. PostgreSQL computes the
// rows of a CREATE TABLE AS by several processes, and those of an INSERT by one
// (https://www.postgresql.org/docs/current/when-can-parallel-query-be-used.html).
func (x *Run) fill(ctx context.Context, m *Model, built *Table, query string) error {
	if x.Graph.Engine == sqlfile.Redshift {
		// A CAST cuts there, and the transaction ends with a refused row.
		if err := x.checkFits(ctx, m, from(query)); err != nil {
			return err
		}
	}
	return x.Session.Attempt(ctx, func() (err error) {
		built.Rows, err = x.Session.Create(ctx, x.statement("all of its rows, with the types of the table",
			"CREATE TABLE "+built.SQL+" AS\nSELECT "+x.assignment(m)+"\nFROM (\n"+query+"\n) AS made"), built.SQL)
		return err
	})
}

// assignment is the select list that gives the rows of a query, called made, the columns of the table
// as INSERT would store them, in the table's order.
func (x *Run) assignment(m *Model) string {
	var out []string
	for _, column := range m.table.Columns {
		if !slices.Contains(m.live, column.Name) {
			continue
		}
		expression := assigned(column)
		if x.Graph.Engine == sqlfile.Redshift {
			expression = "CAST(made." + ident(column.Name) + " AS " + column.Type + ")"
		}
		out = append(out, expression+" AS "+ident(column.Name))
	}
	return strings.Join(out, ", ")
}

// Complete tells whether a stored model gives every column of its table.
func (m *Model) Complete() bool { return m.Kind == Script || len(m.live) == len(m.table.Columns) }

// Live are the columns of a stored model's table that the model gives, in the SELECT's order.
func (m *Model) Live() []string { return slices.Clone(m.live) }

// assigned is a column of made as INSERT would store it. A text that is too long is an error, which a
// plain CAST would cut (https://www.postgresql.org/docs/current/datatype-character.html).
func assigned(column schema.Column) string {
	expression := "made." + ident(column.Name)
	switch {
	case column.Text() && column.Length() > 0 && strings.HasPrefix(column.Type, "character varying"):
		// The function behind the type's length, told that the cast is not explicit.
		expression = fmt.Sprintf(`CAST(pg_catalog."varchar"(CAST(%s AS VARCHAR), %d, FALSE) AS %s)`, expression, column.Length()+4, column.Type)
	default:
		expression = "CAST(" + expression + " AS " + column.Type + ")"
	}
	switch column.Collation {
	case "":
		return expression
	case "C":
		return expression + ` COLLATE "C"`
	default:
		return expression + " COLLATE " + column.Collation
	}
}

// checkBuilt is checkRows for what a build made. The key of a stored table is checked by the server too,
// but its message does not name rows.
func (x *Run) checkBuilt(ctx context.Context, m *Model, built *Table) error {
	if built.empty() {
		return nil
	}
	if err := x.checkKeys(ctx, m, built.SQL); err != nil {
		return err
	}
	if len(m.Key) > 0 && len(m.Pick) == 0 {
		if err := x.checkSingle(ctx, m, built.SQL); err != nil {
			return err
		}
	}
	if m.Kind != Group || len(m.Key) == 0 || subset(m.by(), m.Key) {
		return nil
	}
	raw, err := x.raw(ctx, m, now)
	if err != nil {
		return err
	}
	return x.checkGroups(ctx, m, raw)
}

// full is the whole of a model now. Where hardly any rows compete for a key, only those that do are
// ranked.
func (x *Run) full(ctx context.Context, m *Model) (string, error) {
	raw, err := x.raw(ctx, m, now)
	if err != nil {
		return "", err
	}
	all := "SELECT " + columns("p.", m.Columns) + " FROM " + raw + " AS p"
	if len(m.Pick) == 0 || x.Graph.Engine != sqlfile.Postgres {
		return x.picked(ctx, m, all)
	}
	apart, ok, err := x.rivals(ctx, m)
	if err != nil {
		return "", err
	}
	if ok {
		return x.rankApart(ctx, m, apart)
	}
	if m.Kind == Row && len(m.From) == 1 && x.built[m.From[0].Relation] != nil && x.built[m.From[0].Relation].Rows >= x.Large {
		return x.rankBest(ctx, m, raw)
	}
	return x.picked(ctx, m, all)
}

// rivals are values of columns of from: whose rows may compete for a key.
type rivals struct {
	values *Table
	cols   []string // of from:
	as     []string // of values
}

// rivals finds the rows of from: that may compete for a key with others, where a look at few columns
// tells: in groups of which most have one row, and where most rows match one row of each lookup.
func (x *Run) rivals(ctx context.Context, m *Model) (out []rivals, ok bool, err error) {
	if len(m.From) != 1 || !x.Graph.single(m) {
		return nil, false, nil
	}
	f := m.From[0]
	switch {
	case m.Kind == Group && len(f.Joins) == 0:
		at, err := x.relation(ctx, f.Relation, now)
		if err != nil {
			return nil, false, err
		}
		repeated, err := x.repeated(ctx, f.Relation, at, thereOf(f.By))
		return []rivals{{repeated, thereOf(f.By), thereOf(f.By)}}, true, err
	case m.Kind == Row && x.sameRow(m) && len(f.Joins) > 0:
		for _, join := range f.Joins {
			if len(join.By) == 0 {
				return nil, false, nil
			}
			if other := x.Graph.byName[join.Relation]; other != nil && len(other.Key) > 0 && subset(other.Key, thereOf(join.By)) {
				continue // at most one row matches
			}
			at, err := x.relation(ctx, join.Relation, now)
			if err != nil {
				return nil, false, err
			}
			repeated, err := x.repeated(ctx, join.Relation, at, thereOf(join.By))
			if err != nil {
				return nil, false, err
			}
			out = append(out, rivals{repeated, hereOf(join.By), thereOf(join.By)})
		}
		return out, true, nil
	}
	return nil, false, nil
}

// single tells whether one row of from:, with one row of each lookup, makes at most one row here.
func (g *Graph) single(m *Model) bool {
	if len(m.query.With) > 0 {
		return false
	}
	named := []string{m.From[0].Relation}
	for _, join := range m.From[0].Joins {
		named = append(named, join.Relation)
	}
	var one func(q *selectstmt.Query) bool
	one = func(q *selectstmt.Query) bool {
		return len(q.Branches) == 1 && !slices.ContainsFunc(q.Branches[0].From, func(item selectstmt.FromItem) bool {
			if item.Query != nil {
				// A subquery in which nothing is joined.
				return len(item.Query.Branches) != 1 || len(item.Query.Branches[0].From) != 1 || !one(item.Query)
			}
			return !slices.Contains(named, item.Relation)
		}) && !slices.ContainsFunc(q.Branches[0].Items, func(item selectstmt.Item) bool {
			return slices.ContainsFunc(item.Expr.Calls, func(c selectstmt.Call) bool {
				return slices.Contains(setFunctions, c.Name)
			})
		})
	}
	return one(m.query) && len(m.Follows) == 1+len(m.From[0].Joins)
}

// setFunctions give several rows.
var setFunctions = strings.Fields(`
	generate_series generate_subscripts json_array_elements json_array_elements_text json_each jsonb_array_elements
	jsonb_array_elements_text jsonb_each regexp_matches regexp_split_to_table string_to_table unnest`)

// repeated are the values of columns that several rows have. Hardly any do, and then PostgreSQL groups
// faster by sorting, though it expects the opposite.
func (x *Run) repeated(ctx context.Context, relation, at string, cols []string) (*Table, error) {
	if _, err := x.Session.Exec(ctx, x.statement("hardly any rows share them: sort the rows, do not hash them", "SET LOCAL enable_hashagg = off")); err != nil {
		return nil, err
	}
	list := columns("r.", cols)
	t, err := x.create(ctx, relation+"_repeated", "what several rows of "+relation+" share",
		"SELECT "+list+"\nFROM "+at+" AS r\nWHERE "+present("r.", cols)+"\nGROUP BY "+list+"\nHAVING COUNT(*) > 1", cols)
	if err != nil {
		return nil, err
	}
	_, err = x.Session.Exec(ctx, x.statement("back to what the server prefers", "SET LOCAL enable_hashagg = DEFAULT"))
	return t, err
}

// rankApart ranks the rows that rivals make, and takes the others as they are.
func (x *Run) rankApart(ctx context.Context, m *Model, apart []rivals) (string, error) {
	f := m.From[0]
	var exists []string
	for _, r := range apart {
		if !r.values.empty() {
			exists = append(exists, "EXISTS (SELECT 1 FROM "+r.values.SQL+" AS v WHERE "+equal("v", r.as, "r", r.cols)+")")
		}
	}
	at, err := x.relation(ctx, f.Relation, now)
	if err != nil {
		return "", err
	}
	in := inputs{}
	for _, join := range f.Joins {
		if in[join.Relation], err = x.relation(ctx, join.Relation, now); err != nil {
			return "", err
		}
	}
	rows := "SELECT " + columns("r.", x.Graph.columnsOf(f.Relation)) + " FROM " + at + " AS r"
	if len(exists) == 0 {
		in[f.Relation] = at
		return x.evaluate(ctx, m, now, in)
	}
	in[f.Relation] = from(rows + " WHERE " + strings.Join(exists, " OR "))
	query, err := x.evaluate(ctx, m, now, in)
	if err != nil {
		return "", err
	}
	if query, err = x.picked(ctx, m, query); err != nil {
		return "", err
	}
	// Apart, so that several processes do the rest.
	ranked, err := x.create(ctx, "ranked", "the rows of keys for which several compete", query, nil)
	if err != nil {
		return "", err
	}
	in[f.Relation] = from(rows + " WHERE NOT " + strings.Join(exists, " AND NOT "))
	if query, err = x.evaluate(ctx, m, now, in); err != nil {
		return "", err
	}
	return "SELECT " + columns("o.", m.Columns) + "\nFROM " + from(query) + " AS o\nUNION ALL\nSELECT " + columns("k.", m.Columns) + " FROM " + ranked.SQL + " AS k", nil
}

// rankBest ranks, of many rows, only those that are the best of their key by the first column of pick.
func (x *Run) rankBest(ctx context.Context, m *Model, raw string) (string, error) {
	first := m.Pick[0]
	text, err := x.texts(ctx, m)
	if err != nil {
		return "", err
	}
	function, value := "MIN", "x."+ident(first.Column)
	if first.Desc {
		function = "MAX"
	}
	if text[first.Column] {
		value += ` COLLATE "C"`
	}
	best, err := x.create(ctx, "best", "the best "+first.Column+" of each key",
		"SELECT "+columns("x.", m.Key)+", "+function+"("+value+") AS dwh_best\nFROM "+raw+" AS x\nGROUP BY "+columns("x.", m.Key), m.Key)
	if err != nil {
		return "", err
	}
	return x.picked(ctx, m, "SELECT "+columns("x.", m.Columns)+"\nFROM "+raw+" AS x\nINNER JOIN "+best.SQL+" AS b ON "+equal("b", m.Key, "x", m.Key)+
		"\nWHERE x."+ident(first.Column)+" = b.dwh_best OR b.dwh_best IS NULL")
}

// buildScript runs a file as it stands over copies of what it writes, and over all that is staged.
func (x *Run) buildScript(ctx context.Context, m *Model) error {
	for _, name := range m.Writes {
		if x.built[name] != nil {
			continue
		}
		sql := "CREATE TABLE " + qualified(x.Scratch, name) + " (LIKE " + qualified(x.Live, name) + " INCLUDING DEFAULTS)"
		if _, err := x.Session.Exec(ctx, x.statement("an empty table like "+name, sql)); err != nil {
			return err
		}
	}
	for _, name := range m.Reads {
		if x.shown(name, m) {
			continue
		}
		at, err := x.relation(ctx, name, now)
		if err != nil {
			return err
		}
		flag := ""
		if x.Graph.IsStaging(name) {
			flag = ", FALSE AS " + FlagColumn
		}
		sql := "CREATE VIEW " + qualified(x.Scratch, name) + " AS SELECT " + columns("r.", x.Graph.columnsOf(name)) + flag + " FROM " + at + " AS r"
		if _, err := x.Session.Exec(ctx, x.statement("what the script reads", sql)); err != nil {
			return err
		}
	}
	if _, err := x.Session.Exec(ctx, x.statement("the script sees these first", "SET search_path TO "+ident(x.Scratch)+", "+ident(x.Live))); err != nil {
		return err
	}
	if err := x.runStatements(ctx, m); err != nil {
		return err
	}
	if _, err := x.Session.Exec(ctx, x.statement("back to what readers use", "SET search_path TO "+ident(x.Live))); err != nil {
		return err
	}
	for _, name := range m.Writes {
		counts, err := x.Session.Numbers(ctx, x.statement("count what it wrote", "SELECT COUNT(*) FROM "+qualified(x.Scratch, name)))
		if err != nil {
			return err
		}
		built := &Table{SQL: qualified(x.Scratch, name), Rows: counts[0]}
		x.built[name] = built
		x.at[relationState{name, now}] = built.SQL
	}
	return nil
}

// shown tells whether a relation stands in the scratch schema under its own name already.
func (x *Run) shown(name string, m *Model) bool {
	if slices.Contains(m.Writes, name) {
		return true
	}
	if t := x.built[name]; t != nil && t.SQL == qualified(x.Scratch, name) {
		return true
	}
	key := "script view " + name
	x.names[key]++
	return x.names[key] > 1
}

// BuiltTable returns the table of the scratch schema that a build made for a stored model or for a
// table that a script writes, nil without.
func (x *Run) BuiltTable(name string) *Table { return x.built[name] }
