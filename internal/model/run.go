package model

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// A Run derives the statements of one run from the models and sends them. It is for one
// transaction, whose scratch schema is empty at its beginning.
type Run struct {
	Options
	// Changes counts what became of each stored model that was computed.
	Changes map[string]Change

	delta map[string]delta
	at    map[relationState]string // where a relation stands in a state, once that is known
	raws  map[relationState]string
	text  map[string]map[string]bool
	built map[string]*Table
	names map[string]int
	// For the gate: the keys of a model, and the groups of one that is computed group by group, that the
	// run looked at.
	reached, looked map[string][]part
	current         *Model
}

type relationState struct {
	relation string
	state    state
}

// A delta is how a relation differs between the two states.
type delta struct{ removed, added *Table }

func (d delta) tables() []*Table {
	var out []*Table
	for _, t := range []*Table{d.removed, d.added} {
		if !t.empty() {
			out = append(out, t)
		}
	}
	return out
}

// A part is columns of a FROM-able text, under the names that they have elsewhere.
type part struct {
	from string
	cols []string
	as   []string
}

// NewRun returns a Run.
func NewRun(o Options) *Run {
	x := &Run{
		Options: o, Changes: map[string]Change{}, delta: map[string]delta{}, at: map[relationState]string{},
		raws: map[relationState]string{}, text: map[string]map[string]bool{}, built: map[string]*Table{},
		names: map[string]int{}, reached: map[string][]part{}, looked: map[string][]part{},
	}
	return x
}

// statement puts a comment in front of SQL.
func (x *Run) statement(note, sql string) Statement {
	return Statement{Model: x.modelName(), SQL: x.comment(note) + sql}
}

func (x *Run) modelName() string {
	if x.current == nil {
		return ""
	}
	return x.current.Name
}

func (x *Run) comment(note string) string {
	if name := x.modelName(); name != "" {
		note = name + ": " + note
	}
	return "-- " + note + "\n"
}

// longest is how many bytes an identifier may have on both engines
// (https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS).
const longest = 63

// name returns a name that nothing in the scratch schema has yet. The same run gives the same names.
func (x *Run) name(relation, hint string) string {
	name := relation + "__" + hint
	if x.names[name]++; x.names[name] > 1 {
		name = fmt.Sprintf("%s_%d", name, x.names[name])
	}
	if len(name) > longest {
		sum := fnv.New32a()
		sum.Write([]byte(name))
		name = fmt.Sprintf("%s_%08x", name[:longest-9], sum.Sum32())
	}
	return name
}

// create makes a table of a query. analyze names the columns that something joins by.
func (x *Run) create(ctx context.Context, hint, note, query string, analyze []string) (*Table, error) {
	relation := x.modelName()
	if relation == "" {
		relation = "run"
	}
	t := &Table{Name: x.name(relation, hint)}
	t.SQL = qualified(x.Scratch, t.Name)
	var err error
	if t.Rows, err = x.Session.Create(ctx, x.statement(note, "CREATE TABLE "+t.SQL+" AS\n"+query), t.SQL); err != nil {
		return nil, err
	}
	return t, x.analyze(ctx, t, analyze)
}

// analyze tells PostgreSQL's planner of the values in the columns of a table.
func (x *Run) analyze(ctx context.Context, t *Table, names []string) error {
	if x.Graph.Engine != sqlfile.Postgres || t.empty() || len(names) == 0 {
		return nil
	}
	_, err := x.Session.Exec(ctx, x.statement("count the values that are joined by", "ANALYZE "+t.SQL+" ("+columns("", names)+")"))
	return err
}

// values makes a table of the distinct values that stand in parts, none of them NULL.
func (x *Run) values(ctx context.Context, hint, note string, parts ...part) (*Table, error) {
	if len(parts) == 0 {
		return nil, nil
	}
	queries := make([]string, len(parts))
	for i, p := range parts {
		list := make([]string, len(p.cols))
		for j := range p.cols {
			list[j] = "x." + ident(p.cols[j])
			if p.as[j] != p.cols[j] {
				list[j] += " AS " + ident(p.as[j])
			}
		}
		distinct := ""
		if len(parts) == 1 {
			distinct = "DISTINCT "
		}
		queries[i] = "SELECT " + distinct + strings.Join(list, ", ") + "\nFROM " + p.from + " AS x\nWHERE " + present("x.", p.cols)
	}
	t, err := x.create(ctx, hint, note, strings.Join(queries, "\nUNION\n"), parts[0].as)
	if err != nil || t.empty() {
		return nil, err
	}
	return t, nil
}

// from makes a query fit for a FROM.
func from(query string) string { return "(\n" + query + "\n)" }

// semi selects the rows of a relation whose columns stand in a table of distinct values.
func semi(names []string, relation string, cols []string, values *Table, valueCols []string) string {
	if values.empty() {
		return "SELECT " + columns("r.", names) + " FROM " + relation + " AS r WHERE 1 = 0"
	}
	return "SELECT " + columns("r.", names) + "\nFROM " + relation + " AS r\nINNER JOIN " + values.SQL + " AS v ON " + equal("r", cols, "v", valueCols)
}

// expand writes a model's SELECT with each relation replaced by what stands for it, between a prefix
// and a suffix.
func (x *Run) expand(m *Model, prefix, suffix string, replacement func(relation string) (string, error)) (sqlfile.Expanded, error) {
	edits := []sqlfile.Edit{{Text: prefix}, {Start: len(m.statement.SQL()), End: len(m.statement.SQL()), Text: suffix}}
	for _, ref := range m.query.Relations() {
		text, err := replacement(ref.Relation)
		if err != nil {
			return sqlfile.Expanded{}, err
		}
		if !ref.Aliased {
			text += " AS " + ident(ref.Relation)
		}
		edits = append(edits, sqlfile.Edit{Start: ref.Start, End: ref.End, Text: text})
	}
	if at, ok := x.Graph.limited(m); ok {
		edits[0].Text += "SELECT " + columns("dwh_all.", m.Columns) + "\nFROM (\n"
		edits = append(edits, sqlfile.Edit{Start: at, End: at, Text: ") AS dwh_all\n"})
		for _, ref := range m.query.OrderBy.Columns {
			if m.isText(x.Graph, ref.Column) {
				edits = append(edits, sqlfile.Edit{Start: ref.End, End: ref.End, Text: ` COLLATE "C"`})
			}
		}
	}
	_, wrapped := x.Graph.limited(m)
	return m.statement.Expand(x.Vars, append(edits, x.byteOrder(m, wrapped)...)...)
}

// byteOrder has text in the ORDER BY of a LIMIT ordered by bytes, whatever its column declares, as
// Redshift does. It knows columns that stand there alone. Behind DISTINCT and UNION PostgreSQL takes no
// COLLATE. wrapped says that the whole query's own order is seen to.
func (x *Run) byteOrder(m *Model, wrapped bool) []sqlfile.Edit {
	if x.Graph.Engine != sqlfile.Postgres {
		return nil
	}
	var edits []sqlfile.Edit
	m.query.Walk(func(q *selectstmt.Query) {
		if wrapped && q == m.query || q.Limit < 0 || q.OrderBy == nil || len(q.Branches) != 1 || q.Branches[0].Distinct {
			return
		}
		s := scope{g: x.Graph, with: append(slices.Clone(m.query.With), q.With...)}
		branch := q.Branches[0]
		for _, ref := range q.OrderBy.Columns {
			i := slices.IndexFunc(branch.Items, func(item selectstmt.Item) bool {
				return ref.Table == "" && item.Name == ref.Column
			})
			kind := s.typeOfColumn(m, branch, ref, 0)
			if i >= 0 {
				kind = s.typeOfItem(m, branch, branch.Items[i], 0)
			}
			if kind == textType && m.alone(ref, q.OrderBy) {
				edits = append(edits, sqlfile.Edit{Start: ref.End, End: ref.End, Text: ` COLLATE "C"`})
			}
		}
	})
	return edits
}

// alone tells whether a column is one of the expressions of an ORDER BY, and not a part of one.
func (m *Model) alone(ref selectstmt.ColumnRef, orderBy *selectstmt.Expr) bool {
	sql := m.statement.SQL()
	before := sqlfile.Tokens(sql[orderBy.Start:ref.Start])
	after := sqlfile.Tokens(sql[ref.End:orderBy.End])
	live := func(t sqlfile.Token) bool { return t.Kind != sqlfile.KindComment && t.Kind != sqlfile.KindMarker }
	for _, t := range slices.Backward(before) {
		if live(t) {
			if t.Text != "," {
				return false
			}
			break
		}
	}
	for _, t := range after {
		if live(t) {
			return t.Text == "," || t.Is("asc") || t.Is("desc") || t.Is("nulls")
		}
	}
	return true
}

// limited tells whether a LIMIT takes its rows in an order that text decides, on PostgreSQL: there the
// text is to be ordered by bytes, as on Redshift. at is where its ORDER BY begins.
func (g *Graph) limited(m *Model) (at int, ok bool) {
	if g.Engine != sqlfile.Postgres || m.query.Limit < 0 || m.query.OrderBy == nil {
		return 0, false
	}
	for _, ref := range m.query.OrderBy.Columns {
		if ref.Table != "" || !slices.Contains(m.Columns, ref.Column) {
			return 0, false
		}
		ok = ok || m.isText(g, ref.Column)
	}
	for _, t := range tokensOf(m.statement) {
		if t.Is("order") && t.End <= m.query.OrderBy.Start {
			at = t.Start
		}
	}
	return at, ok
}

// cast is the select list that gives the output columns of a SELECT, called q, the table's types. Text
// keeps its length: what does not fit is an error later, and never cut.
func (x *Run) cast(m *Model) string {
	list := make([]string, len(m.Columns))
	for i, name := range m.Columns {
		list[i] = "q." + ident(name)
		column, stored := m.table.Column(name)
		switch {
		case !stored:
		case column.Text():
			if !m.isText(x.Graph, name) {
				list[i] = "CAST(q." + ident(name) + " AS " + anyText(x.Graph.Engine) + ")"
			}
			// INSERT leaves out blanks that do not fit, and the stored row would never be found again.
			switch n := column.Length(); {
			case n == 0 || x.Graph.holdsOwn(m, name, column):
			case strings.HasPrefix(column.Type, "character("): // its blanks never count
				list[i] = "RTRIM(" + list[i] + ")"
			default:
				list[i] = fmt.Sprintf("CASE WHEN %s(%s) > %d THEN RTRIM(%s) ELSE %s END",
					x.length(), list[i], n, list[i], list[i])
			}
			if list[i] != "q."+ident(name) {
				list[i] += " AS " + ident(name)
			}
		default:
			list[i] = "CAST(q." + ident(name) + " AS " + column.Type + ") AS " + ident(name)
		}
	}
	return strings.Join(list, ", ")
}

// anyText is the type of a text of any length. On Redshift VARCHAR alone has 256 bytes
// (dg/r_Character_types).
func anyText(engine sqlfile.Engine) string {
	if engine == sqlfile.Redshift {
		return "VARCHAR(65535)"
	}
	return "VARCHAR"
}

// wrap is what stands around a model's SELECT so that its rows have the table's types.
func (x *Run) wrap(m *Model) (prefix, suffix string) {
	if !m.Stored {
		return "", ""
	}
	return "SELECT " + x.cast(m) + "\nFROM (\n", "\n) AS q"
}

// raw is a view of a model's SELECT in a state, before pick.
func (x *Run) raw(ctx context.Context, m *Model, st state) (string, error) {
	key := relationState{m.Name, st}
	if view, ok := x.raws[key]; ok {
		return view, nil
	}
	view := qualified(x.Scratch, x.name(m.Name, st.String()+"_raw"))
	prefix, suffix := x.wrap(m)
	text, err := x.expand(m, "-- "+m.Name+": its SELECT over the rows "+st.words()+"\nCREATE VIEW "+view+" AS\n"+prefix, suffix,
		func(relation string) (string, error) { return x.relation(ctx, relation, st) })
	if err != nil {
		return "", err
	}
	if _, err := x.Session.Exec(ctx, Statement{Model: m.Name, SQL: text.SQL, Text: &text}); err != nil {
		return "", err
	}
	x.raws[key] = view
	return view, nil
}

func (s state) words() string {
	return [...]string{"as they were before this run", "as they are now"}[s]
}

// relation is where a relation stands in a state, to put into a FROM.
func (x *Run) relation(ctx context.Context, name string, st state) (string, error) {
	key := relationState{name, st}
	if text, ok := x.at[key]; ok {
		return text, nil
	}
	m := x.Graph.byName[name]
	if m == nil || m.Stored {
		return qualified(x.Live, name), nil
	}
	raw, err := x.raw(ctx, m, st)
	if err != nil {
		return "", err
	}
	text := raw
	if len(m.Key) > 0 {
		query, err := x.picked(ctx, m, "SELECT "+columns("p.", m.Columns)+" FROM "+raw+" AS p")
		if err != nil {
			return "", err
		}
		text = qualified(x.Scratch, x.name(m.Name, st.String()))
		if _, err := x.Session.Exec(ctx, Statement{Model: m.Name, SQL: "-- " + m.Name + ": its rows " + st.words() + "\nCREATE VIEW " + text + " AS\n" + query}); err != nil {
			return "", err
		}
	}
	x.at[key] = text
	return text, nil
}

// texts are the columns of a model that hold text, as far as bytes order them.
func (x *Run) texts(ctx context.Context, m *Model) (map[string]bool, error) {
	if found, ok := x.text[m.Name]; ok {
		return found, nil
	}
	out := map[string]bool{}
	sure := true
	for _, name := range m.Columns {
		if column, stored := m.table.Column(name); m.Stored && stored {
			out[name] = column.Text()
			continue
		}
		kind := x.Graph.typeOf(m, name)
		out[name] = kind == textType
		sure = sure && kind != unknownType
	}
	if !sure {
		raw, err := x.raw(ctx, m, now)
		if err != nil {
			return nil, err
		}
		found, err := x.Session.Text(ctx, raw)
		if err != nil {
			return nil, err
		}
		if found != nil {
			out = found
		}
	}
	x.text[m.Name] = out
	return out, nil
}

// order is the total order of the rows with one key: pick, then the columns that are taken unchanged
// from `from:`, then the others.
func (x *Run) order(ctx context.Context, m *Model) (string, error) {
	if x.Graph.Engine == sqlfile.Redshift {
		return x.orderBy(m, nil), nil
	}
	text, err := x.texts(ctx, m)
	if err != nil {
		return "", err
	}
	return x.orderBy(m, text), nil
}

func (x *Run) orderBy(m *Model, text map[string]bool) string {
	unchanged := map[string]bool{}
	for _, from := range m.From {
		for name := range x.Graph.lineage(m, from.Relation) {
			unchanged[name] = true
		}
	}
	picked := map[string]bool{}
	orders := slices.Clone(m.Pick)
	for _, order := range orders {
		picked[order.Column] = true
	}
	for _, own := range []bool{true, false} {
		for _, name := range m.Columns {
			if !picked[name] && !slices.Contains(m.Key, name) && unchanged[name] == own {
				orders = append(orders, Order{Column: name})
			}
		}
	}
	list := make([]string, len(orders))
	for i, order := range orders {
		list[i] = "p." + ident(order.Column)
		if text[order.Column] {
			list[i] += ` COLLATE "C"`
		}
		if order.Desc {
			list[i] += " DESC NULLS LAST"
		}
	}
	return strings.Join(list, ", ")
}

// picked selects of the rows with one key the first; without pick equal rows once. A bag stays as it is.
func (x *Run) picked(ctx context.Context, m *Model, query string) (string, error) {
	if len(m.Key) == 0 {
		return query, nil
	}
	if len(m.Pick) == 0 {
		return "SELECT DISTINCT " + columns("p.", m.Columns) + "\nFROM (\n" + query + "\n) AS p", nil
	}
	order, err := x.order(ctx, m)
	if err != nil {
		return "", err
	}
	return "SELECT " + columns("w.", m.Columns) + "\nFROM (\n    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY " + columns("p.", m.Key) +
		" ORDER BY " + order + ") AS dwh_place\n    FROM (\n" + query + "\n    ) AS p\n) AS w\nWHERE w.dwh_place = 1", nil
}
