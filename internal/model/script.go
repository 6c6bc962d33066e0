package model

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// parseScript checks a file that runs as it stands.
func (m *Model) parseScript() error {
	m.Kind, m.Follows = Script, m.Reads
	for _, statement := range m.statements {
		switch word := statement.Keyword(); word {
		case "COPY":
			return statement.ErrorAt(0, "COPY stands outside a 0xx transform", "put it into its own 0xx file", nil)
		case "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "TRUNCATE", "VACUUM":
			return statement.ErrorAt(0, word+" would end or break the transaction that all transforms share",
				"remove it; dwh begins and commits (use DELETE instead of TRUNCATE, which commits on Redshift)", nil)
		}
	}
	if len(m.Reads) == 0 || len(m.Writes) == 0 {
		return m.file.ErrorAt(1, 1, "a script does not say what it reads and writes",
			"add the lines -- reads: a, b and -- writes: c to its header", nil)
	}
	if !slices.Contains(m.Writes, m.Name) {
		return m.file.ErrorAt(1, 1, fmt.Sprintf("the header says that the script writes %s, but the file's name "+
			"says %s", m.Writes[0], m.Name),
			"both must name the same table", nil)
	}
	m.Fingerprint = m.fingerprint()
	return nil
}

// script runs a file as it stands. What it writes counts as changed as a whole.
func (x *Run) script(ctx context.Context, m *Model) error {
	read := func(name string) bool { return len(x.Graph.Readers(name)) > 0 || x.Graph.referredTo(name) }
	was := map[string]*Table{}
	for _, name := range m.Writes {
		if !read(name) {
			continue
		}
		var err error
		if was[name], err = x.create(
			ctx, name+"_was", "the rows of "+name+" before the script",
			"SELECT "+columns("r.", x.Graph.columnsOf(name))+" FROM "+qualified(x.Live, name)+" AS r",
			nil,
		); err != nil {
			return err
		}
	}
	shown, err := x.showRead(ctx, m)
	if err != nil {
		return err
	}
	if err := x.runStatements(ctx, m); err != nil {
		return err
	}
	if err := x.hideRead(ctx, shown); err != nil {
		return err
	}
	for _, name := range m.Writes {
		if !read(name) {
			continue
		}
		is, err := x.create(
			ctx, name+"_is", "the rows of "+name+" behind the script",
			"SELECT "+columns("r.", x.Graph.columnsOf(name))+" FROM "+qualified(x.Live, name)+" AS r",
			nil,
		)
		if err != nil {
			return err
		}
		x.at[relationState{name, before}] = was[name].SQL
		x.delta[name] = delta{was[name], is}
	}
	return nil
}

// runStatements sends a script's statements as they stand.
func (x *Run) runStatements(ctx context.Context, m *Model) error {
	for _, statement := range m.statements {
		text, err := statement.Expand(x.Vars)
		if err != nil {
			return err
		}
		if _, err := x.Session.Exec(ctx, Statement{Model: m.Name, SQL: text.SQL, Text: &text}); err != nil {
			return err
		}
	}
	return nil
}

// showRead lets a script see helpers, and staging as it is when the run has ended, where that is
// not what the tables hold yet.
func (x *Run) showRead(ctx context.Context, m *Model) (views []string, err error) {
	for _, name := range m.Reads {
		query, err := x.scriptSees(ctx, name)
		if err != nil {
			return nil, err
		}
		if query == "" {
			continue
		}
		view := qualified(x.Scratch, name)
		if _, err := x.Session.Exec(
			ctx, x.statement("what the script sees of "+name, "CREATE VIEW "+view+" AS\n"+query),
		); err != nil {
			return nil, err
		}
		views = append(views, view)
	}
	if len(views) > 0 {
		_, err = x.Session.Exec(
			ctx,
			x.statement("the script sees these first", "SET search_path TO "+ident(x.Scratch)+", "+ident(x.Live)),
		)
	}
	return views, err
}

// scriptSees is the query for what a script reads of a relation, "" where that is the live table.
func (x *Run) scriptSees(ctx context.Context, name string) (string, error) {
	if other := x.Graph.byName[name]; other != nil && other.Kind != Script && !other.Stored {
		at, err := x.relation(ctx, name, now)
		return "SELECT " + columns("r.", other.Columns) + " FROM " + at + " AS r", err
	}
	staged := x.Staged[name]
	if !x.Graph.IsStaging(name) || staged.Arrived.empty() && len(staged.Erase) == 0 {
		return "", nil
	}
	list := columns("s.", x.Graph.columnsOf(name))
	query := "SELECT " + list + ", s." + FlagColumn + " FROM " + x.stagedAt(name) + " AS s"
	if len(staged.Erase) > 0 {
		query += " WHERE NOT (" + x.erased(name, "s", staged.Erase) + ")"
	}
	if !staged.Arrived.empty() {
		query += " UNION ALL SELECT " + list + ", FALSE FROM " + staged.Arrived.SQL + " AS s"
	}
	return query, nil
}

// hideRead takes away what showRead has made.
func (x *Run) hideRead(ctx context.Context, views []string) error {
	if len(views) == 0 {
		return nil
	}
	if _, err := x.Session.Exec(
		ctx, x.statement("back to what readers use", "SET search_path TO "+ident(x.Live)),
	); err != nil {
		return err
	}
	_, err := x.Session.Exec(ctx, x.statement("what only the script needed", "DROP VIEW "+strings.Join(views, ", ")))
	return err
}

// buildScript runs a file as it stands over copies of what it writes, and over all that is staged.
func (x *Run) buildScript(ctx context.Context, m *Model) error {
	for _, name := range m.Writes {
		if x.built[name] != nil {
			continue
		}
		sql := "CREATE TABLE " + qualified(
			x.Scratch, name,
		) + " (LIKE " + qualified(x.Live, name) + " INCLUDING DEFAULTS)"
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
		sql := "CREATE VIEW " + qualified(x.Scratch, name) + " AS SELECT " + columns(
			"r.", x.Graph.columnsOf(name),
		) + flag + " FROM " + at + " AS r"
		if _, err := x.Session.Exec(ctx, x.statement("what the script reads", sql)); err != nil {
			return err
		}
	}
	if _, err := x.Session.Exec(
		ctx,
		x.statement("the script sees these first", "SET search_path TO "+ident(x.Scratch)+", "+ident(x.Live)),
	); err != nil {
		return err
	}
	if err := x.runStatements(ctx, m); err != nil {
		return err
	}
	if _, err := x.Session.Exec(
		ctx, x.statement("back to what readers use", "SET search_path TO "+ident(x.Live)),
	); err != nil {
		return err
	}
	for _, name := range m.Writes {
		counts, err := x.Session.Numbers(
			ctx,
			x.statement("count what it wrote", "SELECT COUNT(*) FROM "+qualified(x.Scratch, name)),
		)
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
