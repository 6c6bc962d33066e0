package proof

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// The schemas of a proof. They are made and rolled back in its one transaction.
const (
	live    catalogue.Name = "dwh_proof"           // copies of what readers use
	scratch catalogue.Name = "dwh_proof_increment" // what an increment works with
	built   catalogue.Name = "dwh_proof_build"     // a build of everything
)

// rowID tells the rows of a copied staging table apart. No model sees it.
const rowID catalogue.Name = "dwh_row"

// staging is one staging table in a proof.
type staging struct {
	table catalogue.Table // the one that readers use
	// what its rows are delivered with: all but the flag and what the server computes
	columns []schema.Column
	sample  string // the table that holds its sampled rows, numbered
	rows    int    // how many
}

func (s staging) copied() catalogue.Table { return s.table.In(live) }

// list writes the columns, each after a prefix.
func (s staging) list(prefix string) string {
	var out []string
	for _, column := range s.columns {
		out = append(out, prefix+catalogue.Name(column.Name).SQL())
	}
	return strings.Join(out, ", ")
}

func (p *prover) exec(ctx context.Context, statements ...string) error {
	for _, sql := range statements {
		if _, err := p.Tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// open makes the schema of copies: empty staging tables, empty tables of models, and views of what
// only migrations fill.
func (p *prover) open(ctx context.Context) error {
	if err := p.exec(ctx, catalogue.DropSchema(live), catalogue.CreateSchema(live), p.searchPath()); err != nil {
		return fmt.Errorf("make schema %s: %w", live, err)
	}
	if err := p.exec(
		ctx, "CREATE TABLE "+dealt+" (id BIGINT, source BIGINT, donor BIGINT, changed INTEGER)",
	); err != nil {
		return fmt.Errorf("make a table of deliveries: %w", err)
	}
	were := p.stored
	p.staged, p.stored = nil, nil
	for _, name := range p.Graph.Staging() {
		sample := catalogue.Table{Schema: live, Name: catalogue.Name("dwh_sample_" + strconv.Itoa(len(p.staged)+1))}
		entry := staging{table: p.Tables[catalogue.Name(name)], sample: sample.SQL()}
		computed, err := p.computed(ctx, entry.table)
		if err != nil {
			return err
		}
		for _, column := range p.Types[name].Columns {
			if column.Name != model.FlagColumn && !slices.Contains(computed, column.Name) {
				entry.columns = append(entry.columns, column)
			}
		}
		like := "LIKE " + entry.table.SQL() + p.including(" EXCLUDING IDENTITY")
		if err := p.exec(ctx, "CREATE TABLE "+entry.copied().SQL()+" ("+like+", "+rowID.SQL()+" BIGINT)"); err != nil {
			return fmt.Errorf("copy table %s: %w", name, err)
		}
		if entry.rows, err = p.draw(ctx, entry); err != nil {
			return fmt.Errorf("take a sample of %s: %w", name, err)
		}
		p.staged = append(p.staged, entry)
	}
	for _, m := range p.Graph.Models {
		names := m.Writes
		if m.Stored && m.Kind != model.Script {
			names = []string{m.Name}
		}
		for _, name := range names {
			if slices.ContainsFunc(p.stored, func(s stored) bool { return s.table.Name == catalogue.Name(name) }) {
				continue
			}
			entry := stored{model: m, table: p.Tables[catalogue.Name(name)]}
			if i := len(p.stored); i < len(were) {
				entry.rows, entry.changes = were[i].rows, were[i].changes
			}
			for _, column := range entry.table.Columns {
				if m.Kind == model.Script || slices.Contains(m.Columns, string(column)) {
					entry.columns = append(entry.columns, column)
				}
			}
			if err := p.exec(
				ctx,
				"CREATE TABLE "+entry.copied().SQL()+" (LIKE "+entry.table.SQL()+p.including("")+")",
			); err != nil {
				return fmt.Errorf("copy table %s: %w", name, err)
			}
			if err := p.ownSequences(ctx, entry.copied()); err != nil {
				return fmt.Errorf("copy table %s: %w", name, err)
			}
			p.stored = append(p.stored, entry)
		}
	}
	return p.showSeeds(ctx)
}

// searchPath makes unqualified names mean the copies first. Functions and types stand where readers
// have them.
func (p *prover) searchPath() string { return catalogue.SetSearchPath(live, p.Live) }

// including is what a copied table has of the one that it is like: on PostgreSQL its keys and
// indexes, too.
func (p *prover) including(except string) string {
	if p.Graph.Engine == sqlfile.Redshift {
		return " INCLUDING DEFAULTS"
	}
	return " INCLUDING ALL" + except
}

// computed are the columns whose values the server computes from others.
func (p *prover) computed(ctx context.Context, table catalogue.Table) ([]string, error) {
	if p.Graph.Engine == sqlfile.Redshift {
		return nil, nil
	}
	rows, err := p.Tx.Query(ctx, `
		SELECT CAST(a.attname AS text)
		FROM pg_catalog.pg_attribute AS a
		WHERE a.attrelid = CAST($1 AS regclass) AND a.attgenerated <> ''`, table.SQL())
	if err != nil {
		return nil, fmt.Errorf("read the columns of %s: %w", table.Name, err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read the columns of %s: %w", table.Name, err)
	}
	return names, nil
}

// ownSequences has the defaults of a copied table take their numbers from a sequence of the proof:
// no transaction gives back what it takes from one.
func (p *prover) ownSequences(ctx context.Context, table catalogue.Table) error {
	if p.Graph.Engine == sqlfile.Redshift {
		return nil
	}
	rows, err := p.Tx.Query(ctx, `
		SELECT CAST(a.attname AS text)
		FROM pg_catalog.pg_attribute AS a
		INNER JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		WHERE a.attrelid = CAST($1 AS regclass) AND pg_get_expr(d.adbin, d.adrelid) LIKE '%nextval(%'`, table.SQL())
	if err != nil {
		return err
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, column := range columns {
		sequence := catalogue.Table{Schema: live, Name: "dwh_numbers"}
		if err := p.exec(ctx, "CREATE SEQUENCE IF NOT EXISTS "+sequence.SQL(), "ALTER TABLE "+table.SQL()+
			" ALTER COLUMN "+catalogue.Name(column).SQL()+" SET DEFAULT nextval('"+sequence.SQL()+"')"); err != nil {
			return err
		}
	}
	return nil
}

// showSeeds makes views of the tables that models read and that no load, model or script fills.
func (p *prover) showSeeds(ctx context.Context) error {
	shown := map[string]bool{}
	for _, s := range p.stored {
		shown[string(s.table.Name)] = true
	}
	for _, m := range p.Graph.Models {
		for _, name := range m.Follows {
			table, exists := p.Tables[catalogue.Name(name)]
			if shown[name] || !exists || p.Graph.IsStaging(name) || p.Graph.Model(name) != nil {
				continue
			}
			shown[name] = true
			if err := p.exec(ctx, catalogue.CreateView(table.In(live), table)); err != nil {
				return fmt.Errorf("show table %s: %w", name, err)
			}
		}
	}
	return nil
}

// text is a column as a text of bounded length, NULL for none.
func (p *prover) text(column schema.Column, alias string) string {
	value := alias + "." + catalogue.Name(column.Name).SQL()
	if p.Graph.Engine != sqlfile.Redshift {
		return "CAST(" + value + " AS VARCHAR)"
	}
	// Redshift does not cast these to text (dg/r_CAST_function).
	switch column.Type {
	case "boolean":
		return "CASE WHEN " + value + " THEN 't' WHEN NOT " + value + " THEN 'f' END"
	case "super":
		return "SUBSTRING(JSON_SERIALIZE(" + value + "), 1, 1000)"
	case "varbyte", "geometry", "geography", "hllsketch":
		return "CAST(NULL AS VARCHAR(1))"
	}
	return "SUBSTRING(CAST(" + value + " AS VARCHAR(65535)), 1, 1000)"
}

// matchable tells whether rows of two tables may match by a column of this type.
func matchable(column schema.Column) bool {
	base, _, _ := strings.Cut(column.Type, "(")
	switch strings.TrimSpace(base) {
	case "smallint", "integer", "bigint", "numeric", "date", "uuid",
		"timestamp without time zone", "timestamp with time zone":
		return true
	}
	return column.Text()
}

// draw makes the table of a staging table's sampled rows, in an order that the seed decides, and
// counts them. Of a large table it takes the rows that have, in one column, the values with the
// smallest hashes: in two tables that share values, such as an id, these are the same values, so
// that sampled rows match one another. Other rows, at random, complete the sample.
func (p *prover) draw(ctx context.Context, s staging) (int, error) {
	var count int64
	if err := p.Tx.QueryRow(ctx, catalogue.CountRows(s.table)).Scan(&count); err != nil {
		return 0, err
	}
	content := make([]string, 0, len(s.columns)+1)
	content = append(content, p.seed())
	var matching []schema.Column
	for _, column := range s.columns {
		content = append(content, "COALESCE("+p.text(column, "s")+", '~')")
		if matchable(column) {
			matching = append(matching, column)
		}
	}
	hash := "MD5(" + strings.Join(content, " || '|' || ") + ")"
	query := "SELECT " + s.list("s.") + ", " + hash + " AS dwh_hash\nFROM " + s.table.SQL() + " AS s"
	if int64(p.Sample) < count {
		query = p.part(s, query, matching)
	}
	number := "ROW_NUMBER() OVER (ORDER BY d.dwh_hash) AS " + rowID.SQL()
	sql := "CREATE TABLE " + s.sample + " AS\nSELECT " + s.list(
		"d.",
	) + ", " + number + "\nFROM (\n" + query + "\n) AS d"
	if err := p.exec(ctx, sql); err != nil {
		return 0, err
	}
	if err := p.Tx.QueryRow(ctx, "SELECT COUNT(*) FROM "+s.sample).Scan(&count); err != nil {
		return 0, err
	}
	if p.Graph.Engine == sqlfile.Postgres {
		return int(count), p.exec(ctx, "ANALYZE "+s.sample+" ("+rowID.SQL()+")")
	}
	return int(count), nil
}

// part is a part of a staging table's rows, without repetitions, of which query selects all.
func (p *prover) part(s staging, query string, matching []schema.Column) string {
	limited := func(priority int, query, order string, limit int) string {
		return fmt.Sprintf("SELECT t.*, %d AS dwh_priority\nFROM (\n%s\nORDER BY %s\nLIMIT %d\n) AS t",
			priority, query, order, limit)
	}
	parts := []string{limited(2, query, "dwh_hash", p.Sample)}
	if share := p.Sample / (len(matching) + 1); share > 0 {
		for _, column := range matching {
			value := "RTRIM(" + p.text(column, "s") + ")"
			hash := "MD5(" + p.seed() + " || " + value + "), dwh_hash"
			parts = append(parts, limited(1, query+"\nWHERE "+value+" <> ''", hash, share))
		}
	}
	once := "SELECT u.*, ROW_NUMBER() OVER (PARTITION BY u.dwh_hash ORDER BY u.dwh_priority) AS dwh_copy\nFROM (\n" +
		strings.Join(parts, "\nUNION ALL\n") + "\n) AS u"
	return "SELECT " + s.list("c.") + ", c.dwh_hash\nFROM (\n" + once +
		"\n) AS c\nWHERE c.dwh_copy = 1\nORDER BY c.dwh_priority, c.dwh_hash\nLIMIT " + strconv.Itoa(p.Sample)
}

// seed is the seed as an SQL literal.
func (p *prover) seed() string { return "'" + strconv.FormatUint(p.Seed, 10) + "|'" }

// dealt is the table that says which rows are put into staging.
var dealt = live.SQL() + "." + catalogue.Name("dwh_dealt").SQL()

// chunk is how many rows one INSERT lists.
const chunk = 1000

// insert stages the rows of a delivery. flagged says that the models' tables hold them already. A
// constraint of PostgreSQL may leave copies out.
func (p *prover) insert(ctx context.Context, items []item, flagged bool) error {
	for table, s := range p.staged {
		var rows []item
		for _, i := range items {
			if i.table == table {
				rows = append(rows, i)
			}
		}
		if len(rows) == 0 {
			continue
		}
		err := p.attempt(ctx, func() error { return p.insertRows(ctx, s, rows, flagged) })
		if violates(err) && p.Graph.Engine == sqlfile.Postgres {
			// A constraint between columns refuses a copy, and such a row is never staged.
			for _, row := range rows {
				err = p.attempt(ctx, func() error { return p.insertRows(ctx, s, []item{row}, flagged) })
				if err != nil && !violates(err) {
					break
				}
				err = nil
			}
		}
		if err != nil {
			return fmt.Errorf("stage rows of %s: %w", s.table.Name, err)
		}
	}
	return nil
}

// violates tells whether a constraint refused a row: class 23
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
func violates(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && strings.HasPrefix(refused.Code, "23")
}

func (p *prover) insertRows(ctx context.Context, s staging, rows []item, flagged bool) error {
	if err := p.exec(ctx, "DELETE FROM "+dealt); err != nil {
		return err
	}
	for part := range slices.Chunk(rows, chunk) {
		values := make([]string, len(part))
		for i, entry := range part {
			values[i] = fmt.Sprintf("(%d, %d, %d, %d)", entry.id, entry.row, entry.donor, entry.column)
		}
		sql := "INSERT INTO " + dealt + " (id, source, donor, changed) VALUES " + strings.Join(values, ", ")
		if err := p.exec(ctx, sql); err != nil {
			return err
		}
	}
	list := make([]string, len(s.columns))
	for i, column := range s.columns {
		name := catalogue.Name(column.Name).SQL()
		list[i] = fmt.Sprintf("CASE WHEN d.donor > 0 AND d.changed = %d THEN o.%s ELSE r.%s END", i, name, name)
	}
	flag, unlessThere := "FALSE", ""
	if flagged {
		flag = "TRUE"
	}
	if p.Graph.Engine == sqlfile.Postgres {
		unlessThere = "\nON CONFLICT DO NOTHING" // where staging has a unique key
	}
	columns := s.list("")
	if columns != "" {
		columns += ", "
		list = append(list, "")
	}
	columns += catalogue.Name(model.FlagColumn).SQL() + ", " + rowID.SQL()
	return p.exec(ctx, "INSERT INTO "+s.copied().SQL()+" ("+columns+")\nSELECT "+strings.Join(list, ", ")+flag+", d.id"+
		"\nFROM "+dealt+" AS d\nINNER JOIN "+s.sample+" AS r ON r."+rowID.SQL()+" = d.source"+
		"\nLEFT JOIN "+s.sample+" AS o ON o."+rowID.SQL()+" = d.donor\nORDER BY d.id"+unlessThere)
}

// resolve finds the rows that erasures mean, among those that are staged and those of a delivery.
func (p *prover) resolve(ctx context.Context, next delivery, chosen []erasure) ([]item, error) {
	all := slices.Concat(p.deck.delivered, next.items)
	picked := map[int64]bool{}
	for _, e := range chosen {
		picked[e.item.id] = true
		switch {
		case e.alike:
			for _, other := range all {
				if other.table == e.item.table && other.row == e.item.row {
					picked[other.id] = true
				}
			}
		case e.value >= 0:
			s := p.staged[e.item.table]
			at, column := s.copied().SQL(), s.columns[e.value]
			value := "SELECT " + p.text(column, "t") + " FROM " + at + " AS t WHERE t." + rowID.SQL() +
				" = " + strconv.FormatInt(e.item.id, 10)
			rows, err := p.Tx.Query(ctx, "SELECT s."+rowID.SQL()+"\nFROM "+at+" AS s\nWHERE "+p.text(column, "s")+
				" IN ("+value+")\nORDER BY s."+rowID.SQL())
			if err != nil {
				return nil, fmt.Errorf("choose rows to erase: %w", err)
			}
			ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
			if err != nil {
				return nil, fmt.Errorf("choose rows to erase: %w", err)
			}
			if len(ids) > 5+len(all)/5 {
				continue // most rows have this value
			}
			for _, id := range ids {
				picked[id] = true
			}
		}
	}
	return slices.DeleteFunc(all, func(i item) bool { return !picked[i.id] }), nil
}

// erasing makes the tables of the values by which an increment erases rows.
func (p *prover) erasing(ctx context.Context, rows []item) (map[string][]model.Erasure, error) {
	out := map[string][]model.Erasure{}
	for table, s := range p.staged {
		var ids []string
		for _, row := range rows {
			if row.table == table {
				ids = append(ids, "('"+strconv.FormatInt(row.id, 10)+"')")
			}
		}
		if len(ids) == 0 {
			continue
		}
		values := catalogue.Table{Schema: scratch, Name: catalogue.Name("dwh_erase_" + strconv.Itoa(table+1))}
		if err := p.exec(ctx, catalogue.CreateValues(values)); err != nil {
			return nil, fmt.Errorf("say which rows to erase: %w", err)
		}
		for part := range slices.Chunk(ids, chunk) {
			if err := p.exec(ctx, "INSERT INTO "+values.SQL()+" (value) VALUES "+strings.Join(part, ", ")); err != nil {
				return nil, fmt.Errorf("say which rows to erase: %w", err)
			}
		}
		out[string(s.table.Name)] = []model.Erasure{{{Column: string(rowID), Values: values.SQL()}}}
	}
	return out, nil
}
