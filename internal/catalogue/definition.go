package catalogue

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// A Column is one column of a table as PostgreSQL defines it.
type Column struct {
	Name      Name
	Type      uint32 // the type's OID
	Modifier  int32  // atttypmod: of a VARCHAR(n), n + 4; -1 without one
	Shown     string // the type as SQL writes it, such as "character varying(64)"
	Collation string // qualified and quoted; "" where the type has none or the column keeps its type's own
}

// ReadColumns returns the columns of a table of a PostgreSQL server, in the order of their definition.
func ReadColumns(ctx context.Context, q Querier, table Table) ([]Column, error) {
	rows, err := q.Query(ctx, `
		SELECT a.attname::text, a.atttypid, a.atttypmod, format_type(a.atttypid, a.atttypmod),
			CASE WHEN a.attcollation <> t.typcollation THEN quote_ident(n.nspname) || '.' || quote_ident(o.collname) ELSE '' END
		FROM pg_attribute AS a
		INNER JOIN pg_type AS t ON t.oid = a.atttypid
		LEFT JOIN pg_collation AS o ON o.oid = a.attcollation
		LEFT JOIN pg_namespace AS n ON n.oid = o.collnamespace
		WHERE a.attrelid = CAST($1 AS regclass) AND a.attnum > 0 AND NOT a.attisdropped
		ORDER BY a.attnum`, table.SQL())
	if err != nil {
		return nil, fmt.Errorf("read columns of %s: %w", table.Name, err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Column])
	if err != nil {
		return nil, fmt.Errorf("read columns of %s: %w", table.Name, err)
	}
	return columns, nil
}

// Assigned writes an expression of the type from as INSERT would store it in the column: a text that is too long is an error, which a plain CAST
// would cut (https://www.postgresql.org/docs/current/datatype-character.html). ok is false where it is not known to do the same as INSERT.
func (c Column) Assigned(expression string, from uint32) (sql string, ok bool) {
	switch {
	case c.Type == pgtype.VarcharOID && (from == pgtype.VarcharOID || from == pgtype.TextOID):
		sql = "CAST(" + expression + " AS VARCHAR)"
		if c.Modifier >= 0 {
			// The function behind the type's length, told that the cast is not explicit.
			sql = `CAST(pg_catalog."varchar"(` + sql + ", " + strconv.Itoa(int(c.Modifier)) + ", FALSE) AS " + c.Shown + ")"
		}
	case c.Type == pgtype.TextOID && (from == pgtype.VarcharOID || from == pgtype.TextOID):
		sql = "CAST(" + expression + " AS TEXT)"
	case c.Type == pgtype.Int8OID && (from == pgtype.Int4OID || from == pgtype.Int2OID), c.Type == pgtype.Int4OID && from == pgtype.Int2OID, c.Type == pgtype.Float8OID && from == pgtype.Float4OID:
		sql = "CAST(" + expression + " AS " + c.Shown + ")"
	case c.Type != from:
		return "", false
	default:
		switch c.Type {
		case pgtype.BoolOID, pgtype.Int8OID, pgtype.Int2OID, pgtype.Int4OID, pgtype.Float4OID, pgtype.Float8OID, pgtype.DateOID, pgtype.TimestampOID, pgtype.TimestamptzOID, pgtype.NumericOID:
			sql = expression
			if c.Modifier >= 0 {
				sql = "CAST(" + expression + " AS " + c.Shown + ")"
			}
		default:
			return "", false
		}
	}
	if c.Collation != "" {
		sql += " COLLATE " + c.Collation
	}
	return sql, true
}

// Assignment is the select list that gives the rows of a query, which from names the columns of with their types, the columns of a table. ok is
// false where it cannot: the names are not the same, or a type is not one that Assigned knows.
func Assignment(columns []Column, alias Name, from map[Name]uint32) (list string, ok bool) {
	if len(columns) != len(from) {
		return "", false
	}
	var out strings.Builder
	for i, column := range columns {
		source, named := from[column.Name]
		if !named {
			return "", false
		}
		sql, known := column.Assigned(alias.SQL()+"."+column.Name.SQL(), source)
		if !known {
			return "", false
		}
		if i > 0 {
			out.WriteString(", ")
		}
		out.WriteString(sql + " AS " + column.Name.SQL())
	}
	return out.String(), true
}

// Replaceable tells whether a table of a PostgreSQL server is no more than its columns, with NOT NULL, and its primary key, and nothing was built on it,
// so that another table of the same columns and key can take its place unnoticed. It belongs to the current user, has no other constraint
// or index, default, trigger, rule, policy, privilege, comment, option, statistics object or publication, and no view or key refers to it. key is the
// name of the key's constraint.
func Replaceable(ctx context.Context, q Querier, table Table) (key Name, ok bool, err error) {
	return replaceable(ctx, q, table, false)
}

// ReplaceableByTwin tells whether a table of a PostgreSQL server can be replaced unnoticed by what CreateTwin makes, with the same indexes: it may have defaults,
// statistics objects and indexes, but no key.
func ReplaceableByTwin(ctx context.Context, q Querier, table Table) (bool, error) {
	_, ok, err := replaceable(ctx, q, table, true)
	return ok, err
}

func replaceable(ctx context.Context, q Querier, table Table, twin bool) (key Name, ok bool, err error) {
	rows, err := q.Query(ctx, `
		SELECT COALESCE(k.conname::text, ''),
			pg_get_userbyid(c.relowner) = CURRENT_USER AND c.relkind = 'r' AND c.relpersistence = 'p' AND c.relacl IS NULL AND c.reloptions IS NULL
			AND c.reltablespace = 0 AND c.reloftype = 0 AND c.relreplident = 'd' AND c.relam = (SELECT m.oid FROM pg_am AS m WHERE m.amname = 'heap')
			AND NOT (c.relrowsecurity OR c.relforcerowsecurity OR c.relhastriggers OR c.relhasrules OR c.relhassubclass OR c.relispartition)
			AND CASE WHEN CAST($2 AS boolean) THEN k.oid IS NULL ELSE NOT k.condeferrable END
			AND NOT EXISTS (SELECT 1 FROM pg_attribute AS a INNER JOIN pg_type AS t ON t.oid = a.atttypid
				WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
				AND (a.attacl IS NOT NULL OR a.attoptions IS NOT NULL OR a.attidentity <> '' OR a.attgenerated <> '' OR a.atthasdef AND NOT CAST($2 AS boolean)
					OR a.attstorage <> t.typstorage OR a.attcompression <> '' OR COALESCE(a.attstattarget, -1) <> -1 OR a.attinhcount > 0))
			AND NOT EXISTS (SELECT 1 FROM pg_constraint AS o WHERE o.oid IS DISTINCT FROM k.oid AND o.contype <> 'n' AND (o.conrelid = c.oid OR o.confrelid = c.oid))
			AND NOT EXISTS (SELECT 1 FROM pg_index AS i INNER JOIN pg_class AS x ON x.oid = i.indexrelid
				WHERE i.indrelid = c.oid
				AND (i.indisclustered OR NOT i.indisvalid OR x.reltablespace <> 0
					OR NOT CAST($2 AS boolean) AND (i.indexrelid IS DISTINCT FROM k.conindid OR i.indnatts > i.indnkeyatts OR x.reloptions IS NOT NULL)
					OR EXISTS (SELECT 1 FROM pg_attribute AS a WHERE a.attrelid = i.indexrelid AND COALESCE(a.attstattarget, -1) <> -1)
					OR EXISTS (SELECT 1 FROM pg_description AS d WHERE d.objoid = i.indexrelid AND d.classoid = CAST('pg_class' AS regclass))
					OR EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.objid = i.indexrelid AND d.classid = CAST('pg_class' AS regclass) AND d.deptype = 'x')))
			AND NOT EXISTS (SELECT 1 FROM pg_statistic_ext AS s
				WHERE s.stxrelid = c.oid
				AND (NOT CAST($2 AS boolean) OR s.stxnamespace <> c.relnamespace OR s.stxowner <> c.relowner OR COALESCE(s.stxstattarget, -1) <> -1
					OR EXISTS (SELECT 1 FROM pg_description AS d WHERE d.objoid = s.oid AND d.classoid = CAST('pg_statistic_ext' AS regclass))))
			AND NOT EXISTS (SELECT 1 FROM pg_policy AS p WHERE p.polrelid = c.oid)
			AND NOT EXISTS (SELECT 1 FROM pg_inherits AS h WHERE h.inhrelid = c.oid)
			AND NOT EXISTS (SELECT 1 FROM pg_publication_rel AS r WHERE r.prrelid = c.oid)
			AND NOT EXISTS (SELECT 1 FROM pg_publication_namespace AS r WHERE r.pnnspid = c.relnamespace)
			AND NOT EXISTS (SELECT 1 FROM pg_publication AS r WHERE r.puballtables)
			AND NOT EXISTS (SELECT 1 FROM pg_description AS d WHERE d.objoid = c.oid AND d.classoid = CAST('pg_class' AS regclass)
				OR d.objoid = k.oid AND d.classoid = CAST('pg_constraint' AS regclass))
			AND NOT EXISTS (SELECT 1 FROM pg_seclabel AS l WHERE l.objoid = c.oid AND l.classoid = CAST('pg_class' AS regclass))
			AND NOT EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.refclassid = CAST('pg_class' AS regclass) AND d.refobjid = c.oid AND d.deptype = 'n')
		FROM pg_class AS c
		LEFT JOIN pg_constraint AS k ON k.conrelid = c.oid AND k.contype = 'p'
		WHERE c.oid = CAST($1 AS regclass) AND (CAST($2 AS boolean) OR k.oid IS NOT NULL)`, table.SQL(), twin)
	if err != nil {
		return "", false, fmt.Errorf("read what depends on %s: %w", table.Name, err)
	}
	var name string
	if _, err := pgx.ForEachRow(rows, []any{&name, &ok}, func() error { return nil }); err != nil {
		return "", false, fmt.Errorf("read what depends on %s: %w", table.Name, err)
	}
	return Name(name), ok, nil
}

// CreateTwin makes an empty table with the columns, defaults and statistics objects of another. The objects get names of their own.
func CreateTwin(twin, of Table) string {
	return "CREATE TABLE " + twin.SQL() + " (LIKE " + of.SQL() + " INCLUDING DEFAULTS INCLUDING STATISTICS)"
}

// A Statistics is a statistics object of PostgreSQL (https://www.postgresql.org/docs/current/sql-createstatistics.html).
type Statistics struct {
	Name Name
	Says string // what it is about, and the kinds: the same for objects that say the same
}

// ReadStatistics returns the statistics objects of a table of a PostgreSQL server in the order in which they were made, which is that in which CreateTwin
// makes them.
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
	// Computed says that it holds expressions: ANALYZE keeps statistics of those, as it does of columns, once the index is there.
	Computed bool

	create string // CREATE INDEX name
	using  string // USING method (...) ...
}

// On makes the index on a table, in the schema of that.
func (i Index) On(table Table) string { return i.create + " ON " + table.SQL() + " " + i.using }

// ReadIndexes returns the indexes of a table of a PostgreSQL server in the order in which they were made.
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
	var one Index
	var name, definition, on string
	if _, err := pgx.ForEachRow(rows, []any{&name, &one.Computed, &definition, &one.create, &on}, func() (err error) {
		var ok bool
		if one.using, ok = strings.CutPrefix(definition, one.create+on); !ok {
			return fmt.Errorf("no CREATE INDEX: %s", definition)
		}
		one.Name = Name(name)
		found = append(found, one)
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

// InsertAll copies the rows of one table into another with the same columns, in the order of its key: a key grows twice as fast in its own order.
func InsertAll(into, from Table) string {
	sql := "INSERT INTO " + into.SQL() + " (" + list("", into.Columns) + ") SELECT " + list("made.", into.Columns) + " FROM " + from.SQL() + " AS made"
	if len(into.Key) > 0 {
		sql += " ORDER BY " + list("made.", into.Key)
	}
	return sql
}
