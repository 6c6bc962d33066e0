package model

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlliteral"
)

// ErrTooLong is what a Session wraps when the server refuses a text because of its length (SQLSTATE
// 22001).
var ErrTooLong = errors.New("a text is too long for its column")

// Build computes models from everything that is staged now. Each stored model becomes a table of
// the scratch schema that has its name; what helpers hold is kept while the build needs it. Stored
// models that are not among the chosen are read as they stand. after is called with each table that
// was made.
func (x *Run) Build(ctx context.Context, chosen []*Model, after func(m *Model, built *Table) error) error {
	x.building = true
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

// held tells whether a build keeps a helper's rows in a table: they have a key or a group to check,
// or it is a lookup, of which the planner has to know the values.
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
	if err := x.analyzeEmpty(ctx, built); err != nil {
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
	if x.Holds != nil && len(x.Graph.Readers(m.Name)) == 0 && !m.competes() {
		count, same, err := x.Holds(ctx, m, from(x.stored(m, query)))
		if same {
			x.built[m.Name] = &Table{SQL: qualified(x.Live, m.Name), Rows: count}
		}
		if same || err != nil {
			return err
		}
	}
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

// setFunctions give several rows.
var setFunctions = strings.Fields(`
	generate_series generate_subscripts json_array_elements json_array_elements_text json_each jsonb_array_elements
	jsonb_array_elements_text jsonb_each regexp_matches regexp_split_to_table string_to_table unnest`)

// sortRows lets PostgreSQL group only by reading a whole table and sorting it, or, by NULL, as it
// likes. Its planner expects a hash of many equal rows to be faster, or the order of an index. But
// where hardly any rows are equal, the hash is as large as the table, and an index reads the table
// row by row into the buffers. orderOf, where set, is a table whose index may give the order all
// the same, once VACUUM has marked its pages: then the index alone is read
// (https://www.postgresql.org/docs/current/indexes-index-only-scans.html).
func sortRows(otherWays, orderOf string) string {
	byIndex, pages := otherWays, ""
	if orderOf != "" {
		byIndex, pages = "pages.ways", `
FROM (
    SELECT CASE WHEN relpages = 0 OR relallvisible < 0.9 * relpages THEN `+otherWays+` END AS ways
    FROM pg_catalog.pg_class
    WHERE oid = CAST(`+string(sqlliteral.AppendText(nil, []byte(orderOf)))+` AS regclass)
) AS pages`
	}
	return `SELECT SET_CONFIG('enable_hashagg', ` + otherWays + `, TRUE),
    SET_CONFIG('enable_indexscan', ` + byIndex + `, TRUE),
    SET_CONFIG('enable_indexonlyscan', ` + byIndex + `, TRUE)` + pages
}

// inSeveralRows selects the values of columns that several rows have, none of them NULL.
func inSeveralRows(at string, cols []string) string {
	list := columns("r.", cols)
	return "SELECT " + list + "\nFROM " + at + " AS r\nWHERE " + present("r.", cols) +
		"\nGROUP BY " + list + "\nHAVING COUNT(*) > 1"
}

// repeated are the values of columns that several rows have. Such values are rare.
func (x *Run) repeated(ctx context.Context, relation, at string, cols []string) (*Table, error) {
	orderOf := ""
	if x.Graph.IsStaging(relation) && at == x.stagedAt(relation) {
		orderOf = at
	}
	if _, err := x.Session.Exec(
		ctx, x.statement("hardly any rows share them: read all rows, and sort", sortRows("'off'", orderOf)),
	); err != nil {
		return nil, err
	}
	t, err := x.create(
		ctx, relation+"_repeated", "what several rows of "+relation+" share", inSeveralRows(at, cols), cols,
	)
	if err != nil {
		return nil, err
	}
	_, err = x.Session.Exec(ctx, x.statement("back to what the server prefers", sortRows("NULL", "")))
	return t, err
}

// BuiltTable returns the table of the scratch schema that a build made for a stored model or for a
// table that a script writes, nil without.
func (x *Run) BuiltTable(name string) *Table { return x.built[name] }
