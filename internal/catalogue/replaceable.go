package catalogue

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Replaceable tells whether another table of the same columns and key can take the place of a table
// of a PostgreSQL server, so that nobody can tell the two apart: it is no more than its columns,
// with NOT NULL, and its primary key, nothing was built on it, and a new table would be like it.
// key is the name of the key's constraint. What stands in the way, Obstacle says.
func Replaceable(ctx context.Context, q Querier, table Table) (key Name, ok bool, err error) {
	key, obstacle, err := obstacle(ctx, q, table, false)
	return key, obstacle == "" && err == nil, err
}

// ReplaceableByCopy tells whether what CreateStagingCopy makes, with the same indexes, can take the
// place of a table of a PostgreSQL server: it may have defaults, statistics objects and indexes,
// but no key.
func ReplaceableByCopy(ctx context.Context, q Querier, table Table) (bool, error) {
	_, obstacle, err := obstacle(ctx, q, table, true)
	return obstacle == "" && err == nil, err
}

// Obstacle says why another table, or a staging copy, cannot take the place of a table; "" where it
// can. Rows are copied then.
func Obstacle(ctx context.Context, q Querier, table Table, byCopy bool) (string, error) {
	_, obstacle, err := obstacle(ctx, q, table, byCopy)
	return obstacle, err
}

// A condition is one thing that DROP TABLE would take away, or that a new table would not have or
// have in addition.
type condition struct {
	name string
	// sql is true where it stands in the way. c is the table in pg_class, k its primary key in
	// pg_constraint, which may be NULL, and $2 says that a staging copy takes its place.
	sql string
}

// conditions are all the kinds of object that are considered. The test of this list has a case for
// each.
var conditions = []condition{
	{"no plain table", `c.relkind <> 'r' OR c.relpersistence <> 'p' OR c.reloftype <> 0`},
	{"no primary key", `k.oid IS NULL AND NOT CAST($2 AS boolean)`},
	{"a primary key", `k.oid IS NOT NULL AND CAST($2 AS boolean)`},
	// It comes with triggers.
	{"a deferrable key", `COALESCE(k.condeferrable, FALSE)`},
	{"another owner", `pg_get_userbyid(c.relowner) <> CURRENT_USER`},
	{"another access method", `c.relam <> (SELECT m.oid FROM pg_am AS m WHERE m.amname = 'heap')
		OR current_setting('default_table_access_method') <> 'heap'`},
	{"a tablespace", `c.reltablespace <> 0 OR current_setting('default_tablespace') <> ''`},

	// Who may do what.
	{"privileges", `c.relacl IS NOT NULL
		OR EXISTS (SELECT 1 FROM pg_attribute AS a
			WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attacl IS NOT NULL)
		OR EXISTS (SELECT 1 FROM pg_type AS t WHERE t.oid = c.reltype AND t.typacl IS NOT NULL)`},
	// A new table would be given them; the one that stands there was not.
	{"default privileges", `EXISTS (SELECT 1 FROM pg_default_acl AS d
		WHERE d.defaclrole = c.relowner AND d.defaclobjtype IN ('r', 'T'))`},
	{"row security", `c.relrowsecurity OR c.relforcerowsecurity
		OR EXISTS (SELECT 1 FROM pg_policy AS p WHERE p.polrelid = c.oid)`},
	{"a security label", `EXISTS (SELECT 1 FROM pg_seclabel AS l
		WHERE l.objoid = c.oid AND l.classoid = CAST('pg_class' AS regclass))`},

	// What happens when rows are written.
	{"a trigger or foreign key", `c.relhastriggers`},
	{"a rule", `c.relhasrules`},
	// It may grant or change something whenever a table is made.
	{"an event trigger", `EXISTS (SELECT 1 FROM pg_event_trigger AS e WHERE e.evtenabled <> 'D')`},
	{"a publication", `EXISTS (SELECT 1 FROM pg_publication_rel AS r WHERE r.prrelid = c.oid)
		OR EXISTS (SELECT 1 FROM pg_publication_namespace AS r WHERE r.pnnspid = c.relnamespace)
		OR EXISTS (SELECT 1 FROM pg_publication AS r WHERE r.puballtables)`},
	{"a subscription", `EXISTS (SELECT 1 FROM pg_subscription_rel AS r WHERE r.srrelid = c.oid)`},
	{"a replica identity", `c.relreplident <> 'd'`},
	{"inheritance or partitions", `c.relhassubclass OR c.relispartition
		OR EXISTS (SELECT 1 FROM pg_inherits AS h WHERE h.inhrelid = c.oid OR h.inhparent = c.oid)
		OR EXISTS (SELECT 1 FROM pg_attribute AS a
			WHERE a.attrelid = c.oid AND a.attinhcount > 0)`},

	// The columns.
	{"a default", `NOT CAST($2 AS boolean) AND EXISTS (SELECT 1 FROM pg_attribute AS a
		WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.atthasdef AND a.attgenerated = '')`},
	{"an identity column", `EXISTS (SELECT 1 FROM pg_attribute AS a
		WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attidentity <> '')`},
	{"a generated column", `EXISTS (SELECT 1 FROM pg_attribute AS a
		WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attgenerated <> '')`},
	{"a column's storage", `EXISTS (SELECT 1 FROM pg_attribute AS a INNER JOIN pg_type AS t ON t.oid = a.atttypid
		WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		AND (a.attstorage <> t.typstorage OR a.attcompression <> ''))`},
	{"a column's statistics", `EXISTS (SELECT 1 FROM pg_attribute AS a
		WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		AND (a.attoptions IS NOT NULL OR COALESCE(a.attstattarget, -1) <> -1))`},

	// Options.
	{"options", `c.reloptions IS NOT NULL`},
	{"toast options", `EXISTS (SELECT 1 FROM pg_class AS t
		WHERE t.oid = c.reltoastrelid AND t.reloptions IS NOT NULL)`},

	// Constraints, indexes and statistics objects.
	{"a constraint", `EXISTS (SELECT 1 FROM pg_constraint AS o
		WHERE o.oid IS DISTINCT FROM k.oid AND o.contype <> 'n' AND (o.conrelid = c.oid OR o.confrelid = c.oid))`},
	// From PostgreSQL 18 on a NOT NULL is a constraint too.
	{"a NOT NULL with a name of its own", `EXISTS (SELECT 1 FROM pg_constraint AS o
		INNER JOIN pg_attribute AS a ON a.attrelid = o.conrelid AND a.attnum = o.conkey[1]
		WHERE o.contype = 'n' AND o.conrelid = c.oid
		AND (o.conname <> c.relname || '_' || a.attname || '_not_null' OR o.connoinherit OR NOT o.convalidated))`},
	{"another index", `NOT CAST($2 AS boolean) AND EXISTS (SELECT 1 FROM pg_index AS i
		WHERE i.indrelid = c.oid AND i.indexrelid IS DISTINCT FROM k.conindid)`},
	{"an index with properties of its own", `EXISTS (SELECT 1 FROM pg_index AS i
		INNER JOIN pg_class AS x ON x.oid = i.indexrelid
		WHERE i.indrelid = c.oid
		AND (i.indisclustered OR NOT i.indisvalid OR x.reltablespace <> 0
			OR NOT CAST($2 AS boolean) AND (i.indnatts > i.indnkeyatts OR x.reloptions IS NOT NULL
				OR x.relam <> (SELECT m.oid FROM pg_am AS m WHERE m.amname = 'btree'))
			OR EXISTS (SELECT 1 FROM pg_attribute AS a
				WHERE a.attrelid = i.indexrelid AND COALESCE(a.attstattarget, -1) <> -1)
			OR EXISTS (SELECT 1 FROM pg_depend AS d
				WHERE d.objid = i.indexrelid AND d.classid = CAST('pg_class' AS regclass)
				AND d.deptype = 'x')))`},
	{"extended statistics", `EXISTS (SELECT 1 FROM pg_statistic_ext AS s
		WHERE s.stxrelid = c.oid
		AND (NOT CAST($2 AS boolean) OR s.stxnamespace <> c.relnamespace OR s.stxowner <> c.relowner
			OR COALESCE(s.stxstattarget, -1) <> -1))`},

	// What people wrote.
	{"a comment", `EXISTS (SELECT 1 FROM pg_description AS d
		WHERE d.classoid = CAST('pg_class' AS regclass)
			AND (d.objoid = c.oid OR d.objoid IN (SELECT i.indexrelid FROM pg_index AS i WHERE i.indrelid = c.oid))
		OR d.classoid = CAST('pg_constraint' AS regclass)
			AND d.objoid IN (SELECT o.oid FROM pg_constraint AS o WHERE o.conrelid = c.oid)
		OR d.classoid = CAST('pg_statistic_ext' AS regclass)
			AND d.objoid IN (SELECT s.oid FROM pg_statistic_ext AS s WHERE s.stxrelid = c.oid)
		OR d.classoid = CAST('pg_type' AS regclass) AND d.objoid = c.reltype)`},

	// What was built on it. DROP TABLE refuses some of these, and takes others with it in silence.
	{"a sequence that a column owns", `EXISTS (SELECT 1 FROM pg_depend AS d INNER JOIN pg_class AS s ON s.oid = d.objid
		WHERE d.classid = CAST('pg_class' AS regclass) AND d.refclassid = CAST('pg_class' AS regclass)
		AND d.refobjid = c.oid AND s.relkind = 'S')`},
	{"an object that depends on it", `EXISTS (SELECT 1 FROM pg_depend AS d
		WHERE d.refclassid = CAST('pg_class' AS regclass) AND d.refobjid = c.oid
		AND NOT (
			d.classid = CAST('pg_type' AS regclass) AND d.objid = c.reltype
			OR d.classid = CAST('pg_class' AS regclass)
				AND (d.objid = c.reltoastrelid
					OR d.objid IN (SELECT i.indexrelid FROM pg_index AS i WHERE i.indrelid = c.oid))
			OR d.classid = CAST('pg_constraint' AS regclass)
				AND d.objid IN (SELECT o.oid FROM pg_constraint AS o WHERE o.conrelid = c.oid)
			OR d.classid = CAST('pg_attrdef' AS regclass)
				AND d.objid IN (SELECT f.oid FROM pg_attrdef AS f WHERE f.adrelid = c.oid)
			OR d.classid = CAST('pg_statistic_ext' AS regclass)
				AND d.objid IN (SELECT s.oid FROM pg_statistic_ext AS s WHERE s.stxrelid = c.oid)))`},
	{"an object that depends on its row type", `EXISTS (SELECT 1 FROM pg_depend AS d
		INNER JOIN pg_type AS t ON t.oid = c.reltype
		WHERE d.refclassid = CAST('pg_type' AS regclass) AND d.refobjid IN (t.oid, t.typarray)
		AND NOT (d.classid = CAST('pg_type' AS regclass) AND d.objid = t.typarray))`},
	{"an extension that it belongs to", `EXISTS (SELECT 1 FROM pg_depend AS d
		WHERE d.classid = CAST('pg_class' AS regclass) AND d.objid = c.oid AND d.deptype IN ('e', 'x'))`},
}

// Conditions names all conditions, in their order.
func Conditions() []string {
	names := make([]string, len(conditions))
	for i, c := range conditions {
		names[i] = c.name
	}
	return names
}

// obstacle returns the name of the primary key, "" without one, and the first condition that stands
// in the way.
func obstacle(ctx context.Context, q Querier, table Table, byCopy bool) (key Name, obstacle string, err error) {
	var sql strings.Builder
	sql.WriteString("SELECT COALESCE(CAST(k.conname AS text), ''), CASE")
	for _, c := range conditions {
		sql.WriteString("\nWHEN " + c.sql + " THEN '" + strings.ReplaceAll(c.name, "'", "''") + "'")
	}
	sql.WriteString(`
		ELSE '' END
		FROM pg_class AS c
		LEFT JOIN pg_constraint AS k ON k.conrelid = c.oid AND k.contype = 'p'
		WHERE c.oid = CAST($1 AS regclass)`)
	rows, err := q.Query(ctx, sql.String(), table.SQL(), byCopy)
	if err != nil {
		return "", "", fmt.Errorf("read what depends on %s: %w", table.Name, err)
	}
	var name string
	obstacle = "no table"
	if _, err := pgx.ForEachRow(rows, []any{&name, &obstacle}, func() error { return nil }); err != nil {
		return "", "", fmt.Errorf("read what depends on %s: %w", table.Name, err)
	}
	return Name(name), obstacle, nil
}
