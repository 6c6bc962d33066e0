package catalogue

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// CreateStagingCopy makes an empty table with the columns, defaults and statistics objects of
// another. The objects get names of their own.
func CreateStagingCopy(into, of Table) string {
	return "CREATE TABLE " + into.SQL() + " (LIKE " + of.SQL() + " INCLUDING DEFAULTS INCLUDING STATISTICS)"
}

// A Statistics is a statistics object of PostgreSQL
// (https://www.postgresql.org/docs/current/sql-createstatistics.html).
type Statistics struct {
	Name Name
	Says string // what it is about, and the kinds: the same for objects that say the same
}

// ReadStatistics returns the statistics objects of a table of a PostgreSQL server in the order in
// which they were made, which is that in which CreateStagingCopy makes them.
func ReadStatistics(ctx context.Context, q Querier, table Table) ([]Statistics, error) {
	rows, err := q.Query(ctx, `
		SELECT CAST(s.stxname AS text), pg_get_statisticsobjdef_columns(s.oid) || ' ' || CAST(s.stxkind AS text)
		FROM pg_statistic_ext AS s
		WHERE s.stxrelid = CAST($1 AS regclass)
		ORDER BY s.oid`, table.SQL())
	if err != nil {
		return nil, fmt.Errorf("read statistics objects of %s: %w", table.Name, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Statistics])
	if err != nil {
		return nil, fmt.Errorf("read statistics objects of %s: %w", table.Name, err)
	}
	return found, nil
}

// An Index is the definition of an index of PostgreSQL, but for its table.
type Index struct {
	Name Name
	// Computed says that it holds expressions: ANALYZE keeps statistics of those, as it does of
	// columns, once the index is there.
	Computed bool

	create string // CREATE INDEX name
	using  string // USING method (...) ...
}

// On makes the index on a table, in the schema of that.
func (i Index) On(table Table) string { return i.create + " ON " + table.SQL() + " " + i.using }

// ReadIndexes returns the indexes of a table of a PostgreSQL server in the order in which they were
// made.
func ReadIndexes(ctx context.Context, q Querier, table Table) ([]Index, error) {
	rows, err := q.Query(ctx, `
		SELECT x.relname::text, i.indexprs IS NOT NULL, pg_get_indexdef(i.indexrelid), FORMAT('CREATE %sINDEX %I', CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END, x.relname), FORMAT(' ON %I.%I ', n.nspname, c.relname)
		FROM pg_index AS i
		INNER JOIN pg_class AS x ON x.oid = i.indexrelid
		INNER JOIN pg_class AS c ON c.oid = i.indrelid
		INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE i.indrelid = CAST($1 AS regclass)
		ORDER BY i.indexrelid`, table.SQL())
	if err != nil {
		return nil, fmt.Errorf("read indexes of %s: %w", table.Name, err)
	}
	var found []Index
	var index Index
	var name, definition, on string
	if _, err := pgx.ForEachRow(rows, []any{
		&name, &index.Computed, &definition, &index.create, &on,
	}, func() (err error) {
		var ok bool
		if index.using, ok = strings.CutPrefix(definition, index.create+on); !ok {
			return fmt.Errorf("no CREATE INDEX: %s", definition)
		}
		index.Name = Name(name)
		found = append(found, index)
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read indexes of %s: %w", table.Name, err)
	}
	return found, nil
}

// RenameStatistics gives a statistics object of a schema another name.
func RenameStatistics(schema, from, to Name) string {
	return "ALTER STATISTICS " + schema.SQL() + "." + from.SQL() + " RENAME TO " + to.SQL()
}

// MoveStatistics puts a statistics object into another schema; it does not follow its table there.
func MoveStatistics(schema, name, to Name) string {
	return "ALTER STATISTICS " + schema.SQL() + "." + name.SQL() + " SET SCHEMA " + to.SQL()
}

// DropTable drops a table on which nothing depends.
func DropTable(table Table) string { return "DROP TABLE " + table.SQL() }

// DropTableCascade drops a table, and the views on it.
func DropTableCascade(table Table) string { return DropTable(table) + " CASCADE" }

// RenameTable gives a table another name in its schema.
func RenameTable(table Table, name Name) string {
	return "ALTER TABLE " + table.SQL() + " RENAME TO " + name.SQL()
}

// MoveTable puts a table into another schema.
func MoveTable(table Table, schema Name) string {
	return "ALTER TABLE " + table.SQL() + " SET SCHEMA " + schema.SQL()
}

// Require makes columns of a table NOT NULL, which reads it once.
func Require(table Table, columns []Name) string {
	var out strings.Builder
	out.WriteString("ALTER TABLE " + table.SQL())
	for i, column := range columns {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(" ALTER COLUMN " + column.SQL() + " SET NOT NULL")
	}
	return out.String()
}

// AddKey makes columns the primary key of a table under a name.
func AddKey(table Table, name Name, columns []Name) string {
	return "ALTER TABLE " + table.SQL() + " ADD CONSTRAINT " + name.SQL() + " PRIMARY KEY (" + list("", columns) + ")"
}

// InsertAll copies the rows of one table into another with the same columns, in the order of its
// key: a key grows twice as fast in its own order.
func InsertAll(into, from Table) string {
	sql := "INSERT INTO " + into.SQL() + " (" + list("", into.Columns) + ") SELECT " + list(
		"made.", into.Columns,
	) + " FROM " + from.SQL() + " AS made"
	if len(into.Key) > 0 {
		sql += " ORDER BY " + list("made.", into.Key)
	}
	return sql
}
