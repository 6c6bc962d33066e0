package transform

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// A transform makes a table touched_X of the rows that X is to have, and ends in INSERT INTO X … SELECT … FROM touched_X. Where X starts out
// empty, in the scratch schema of a replay or a first run, those rows need not be written twice: touched_X is made with the types of X and
// becomes X. PostgreSQL computes the rows of a CREATE TABLE AS by several processes, and those of an INSERT by one
// (https://www.postgresql.org/docs/current/when-can-parallel-query-be-used.html).

// making is a CREATE TABLE touched_X AS query.
type making struct {
	table catalogue.Name // X
	query int            // byte offset of the query in the statement
}

// parseMaking recognizes a CREATE TABLE touched_X AS query.
func parseMaking(statement sqlfile.Statement) (m making, ok bool) {
	tokens := significant(statement)
	if len(tokens) < 5 || !tokens[0].Is("create") || !tokens[1].Is("table") || !tokens[3].Is("as") {
		return making{}, false
	}
	of, ok := strings.CutPrefix(tokens[2].Value(), touchedPrefix)
	return making{table: catalogue.Name(of), query: tokens[3].End}, ok
}

// parseMove recognizes INSERT INTO X (columns) SELECT the same columns FROM touched_X, in whatever order.
func parseMove(statement sqlfile.Statement) (table catalogue.Name, columns []catalogue.Name, ok bool) {
	tokens := significant(statement)
	next := func() (t sqlfile.Token) {
		if len(tokens) > 0 {
			t, tokens = tokens[0], tokens[1:]
		}
		return t
	}
	name := func() (catalogue.Name, bool) {
		t := next()
		return catalogue.Name(t.Value()), t.Kind == sqlfile.KindWord || t.Kind == sqlfile.KindQuotedIdent
	}
	if !next().Is("insert") || !next().Is("into") {
		return "", nil, false
	}
	if table, ok = name(); !ok || next().Text != "(" {
		return "", nil, false
	}
	for {
		column, ok := name()
		if !ok {
			return "", nil, false
		}
		columns = append(columns, column)
		if t := next(); t.Text == ")" {
			break
		} else if t.Text != "," {
			return "", nil, false
		}
	}
	if !next().Is("select") {
		return "", nil, false
	}
	var alias catalogue.Name
	for i, column := range columns {
		read, ok := name()
		if ok && len(tokens) > 0 && tokens[0].Text == "." {
			next()
			if i > 0 && read != alias {
				return "", nil, false
			}
			alias = read
			read, ok = name()
		}
		if !ok || read != column {
			return "", nil, false
		}
		if t := next(); i < len(columns)-1 && t.Text != "," || i == len(columns)-1 && !t.Is("from") {
			return "", nil, false
		}
	}
	from, ok := name()
	if !ok || from != touchedPrefix+table {
		return "", nil, false
	}
	if len(tokens) > 0 && tokens[0].Is("as") {
		next()
	}
	if len(tokens) > 0 && !tokens[0].Is("order") {
		if _, ok := name(); !ok {
			return "", nil, false
		}
	}
	if len(tokens) == 0 {
		return table, columns, true
	}
	// The order of the rows of a table says nothing, as long as all of them go there.
	return table, columns, tokens[0].Is("order") && !slices.ContainsFunc(tokens, func(t sqlfile.Token) bool {
		return t.Is("limit") || t.Is("offset") || t.Is("fetch") || t.Is("for")
	})
}

// make runs a statement that is a CREATE TABLE touched_X AS so that the table has the types of X and X's order of columns. done is false where that is
// not what the statement is, or X is not built anew: nothing has run then.
func (w *work) make(ctx context.Context, statement sqlfile.Statement, vars map[string]string) (done bool, err error) {
	if w.fills == 0 {
		return false, nil
	}
	m, ok := parseMaking(statement)
	if !ok || !slices.Contains(w.building, m.table) {
		return false, nil
	}
	live := w.tables[m.table]
	alone, err := statement.Expand(vars, sqlfile.Edit{End: m.query})
	if err != nil {
		return false, err
	}
	described, err := w.tx.Conn().Prepare(ctx, "", alone.SQL)
	if err != nil {
		return false, explain(alone, err)
	}
	given := map[catalogue.Name]uint32{}
	for _, field := range described.Fields {
		given[catalogue.Name(field.Name)] = field.DataTypeOID
	}
	columns, err := catalogue.ReadColumns(ctx, w.tx, live)
	if err != nil {
		return false, err
	}
	list, ok := catalogue.Assignment(columns, "made", given)
	if !ok || len(given) != len(described.Fields) {
		return false, nil
	}
	made := live.In(w.schema).Named(touchedPrefix + live.Name)
	whole, err := statement.Expand(vars,
		sqlfile.Edit{End: m.query, Text: "CREATE TABLE " + made.SQL() + " AS SELECT " + list + " FROM ("},
		sqlfile.Edit{Start: len(statement.SQL()), End: len(statement.SQL()), Text: "\n) AS made"}) // the query may end in a comment
	if err != nil {
		return false, err
	}
	tag, err := w.tx.Exec(ctx, whole.SQL)
	if err != nil {
		return false, explain(whole, err)
	}
	w.made[live.Name] = tag.RowsAffected()
	return true, nil
}

// forget forgets what is known of the tables that a statement may write to. Names that only stand beside one, such as its alias, are forgotten with it.
func (w *work) forget(statement sqlfile.Statement) {
	switch statement.Keyword() {
	case "ANALYZE", "CREATE", "DELETE", "INSERT", "SELECT", "SET", "UPDATE", "WITH":
	default: // such as CALL
		clear(w.rows)
		clear(w.inserted)
	}
	written := false // the token may belong to the name of what is written: ONLY, a schema, the table
	for _, t := range significant(statement) {
		switch {
		case t.Is("into"), t.Is("update"), t.Is("delete"):
			written = true
		case t.Kind != sqlfile.KindWord && t.Kind != sqlfile.KindQuotedIdent && t.Text != ".":
			written = false
		case written:
			maps.DeleteFunc(w.rows, func(name catalogue.Name, _ int64) bool { return strings.EqualFold(string(name), t.Value()) })
			maps.DeleteFunc(w.inserted, func(name catalogue.Name, _ bool) bool {
				return strings.EqualFold(string(name), t.Value()) || strings.EqualFold(touchedPrefix+string(name), t.Value())
			})
		}
	}
}

// inserts notes that a statement has inserted the rows of touched_X into X, if that is what it was.
func (w *work) inserts(statement sqlfile.Statement) {
	if table, columns, ok := parseMove(statement); ok && len(columns) == len(w.tables[table].Columns) {
		w.inserted[table] = true
	}
}

// asInserted is CreateViewAs's select list that shows, from the rows of touched, the rows of live with their keys. ok is false unless they are known to be the same:
// all of touched was inserted, live stores just what it is given, and its key is one that the server enforces.
func (w *work) asInserted(ctx context.Context, live, touched catalogue.Table) (list string, ok bool, err error) {
	if !w.inserted[live.Name] || w.loose[live.Name] || len(live.Key) == 0 {
		return "", false, nil
	}
	for _, table := range []catalogue.Table{live, touched} {
		if plain, err := catalogue.Plain(ctx, w.tx, table); err != nil || !plain {
			return "", false, err
		}
	}
	columns, err := catalogue.ReadColumns(ctx, w.tx, live)
	if err != nil {
		return "", false, err
	}
	given, err := catalogue.ReadColumns(ctx, w.tx, touched)
	if err != nil {
		return "", false, err
	}
	types := map[catalogue.Name]uint32{}
	for _, column := range given {
		types[column.Name] = column.Type
	}
	list, ok = catalogue.Assignment(columns, "shown", types)
	return list, ok, nil
}

// move makes touched_X, which make has made, X itself where the statement would copy it there and X is empty. rows is how many it holds.
func (w *work) move(ctx context.Context, statement sqlfile.Statement) (rows int64, done bool, err error) {
	if len(w.made) == 0 {
		return 0, false, nil
	}
	table, columns, ok := parseMove(statement)
	rows, made := w.made[table]
	live := w.tables[table]
	if !ok || !made || len(columns) != len(live.Columns) {
		return 0, false, nil
	}
	delete(w.made, table)
	empty, touched := live.In(w.schema), live.In(w.schema).Named(touchedPrefix+table)
	if filled, err := hasRows(ctx, w.tx, empty); err != nil || filled {
		return 0, false, err
	}
	steps := []string{catalogue.DropTable(empty), catalogue.RenameTable(touched, table)}
	if len(live.Required) > 0 {
		steps = append(steps, catalogue.Require(empty, live.Required))
	}
	steps = append(steps, catalogue.CreateView(touched, empty))
	if err := w.attempt(ctx, func(tx pgx.Tx) error { return execAll(ctx, tx, steps...) }); refusal(err) == dependentObjects {
		return 0, false, nil // a view of the transform's own on either table, say: the rows are copied then
	} else if err != nil {
		return 0, false, fmt.Errorf("fill %s: %w", table, err)
	}
	w.rows[table] = rows
	if w.handsOver && rows >= w.fills && len(live.Key) > 0 {
		if err := w.offer(ctx, table); err != nil {
			return 0, false, err
		}
	}
	return rows, true, nil
}
