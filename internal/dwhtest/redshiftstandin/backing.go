package redshiftstandin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
)

// helperSchema holds what the stand-in needs in the database behind.
const helperSchema = "redshift_standin"

// backingSQL makes a PostgreSQL database look like one of Redshift's. The system views and
// functions go to pg_catalog, where they are on Redshift too, so that any search_path finds them.
const backingSQL = `
SET allow_system_table_mods = on;
CREATE SCHEMA redshift_standin;

CREATE FUNCTION redshift_standin.version() RETURNS text IMMUTABLE LANGUAGE sql AS
$$SELECT 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.75672'::text$$;
CREATE FUNCTION pg_catalog.getdate() RETURNS timestamp STABLE LANGUAGE sql AS
$$SELECT pg_catalog.date_trunc('second', pg_catalog.now() AT TIME ZONE 'UTC')$$;
CREATE FUNCTION pg_catalog.sha2(text, integer) RETURNS varchar IMMUTABLE STRICT LANGUAGE sql AS
$$SELECT CASE $2
	WHEN 0 THEN pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to($1, 'UTF8')), 'hex')
	WHEN 224 THEN pg_catalog.encode(pg_catalog.sha224(pg_catalog.convert_to($1, 'UTF8')), 'hex')
	WHEN 256 THEN pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to($1, 'UTF8')), 'hex')
	WHEN 384 THEN pg_catalog.encode(pg_catalog.sha384(pg_catalog.convert_to($1, 'UTF8')), 'hex')
	WHEN 512 THEN pg_catalog.encode(pg_catalog.sha512(pg_catalog.convert_to($1, 'UTF8')), 'hex') END$$;
CREATE FUNCTION pg_catalog.pg_last_copy_id() RETURNS bigint STABLE LANGUAGE sql AS
$$SELECT COALESCE(NULLIF(pg_catalog.current_setting('redshift_standin.copy_id', true), ''), '-1')::bigint$$;
CREATE FUNCTION pg_catalog.pg_last_copy_count() RETURNS bigint STABLE LANGUAGE sql AS
$$SELECT COALESCE(NULLIF(pg_catalog.current_setting('redshift_standin.copy_count', true), ''), '0')::bigint$$;

-- What COPY's 'auto' makes of a text (dg/automatic-recognition: "To test whether a date or timestamp value will be automatically converted, use a CAST").
CREATE FUNCTION redshift_standin.recognized(value text, kind text) RETURNS text STABLE LANGUAGE plpgsql SET DateStyle TO 'ISO, MDY' SET TimeZone TO 'UTC' AS $$
DECLARE
	found text;
BEGIN
	CASE kind
		WHEN 'date' THEN found := CAST(value AS date)::text;
		WHEN 'timestamp with time zone' THEN found := CAST(value AS timestamptz)::text;
		ELSE found := CAST(value AS timestamp)::text;
	END CASE;
	RETURN found;
EXCEPTION WHEN data_exception THEN
	RETURN NULL;
END $$;

-- Declared keys: {"keys": [{"name": …, "kind": "p", "columns": [attribute numbers]}]} in the table's comment.
CREATE FUNCTION redshift_standin.keys(regclass) RETURNS jsonb STABLE LANGUAGE sql AS
$$SELECT COALESCE(pg_catalog.obj_description($1, 'pg_class')::jsonb -> 'keys', '[]'::jsonb)$$;
CREATE FUNCTION redshift_standin.declare_key(target regclass, key_kind text, key_name text, names text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	relation text;
	one text;
	numbers jsonb := '[]';
	number integer;
	declared jsonb := redshift_standin.keys(target);
BEGIN
	SELECT relname INTO relation FROM pg_catalog.pg_class WHERE oid = target;
	IF key_kind = 'p' AND EXISTS (SELECT 1 FROM jsonb_array_elements(declared) AS d WHERE d ->> 'kind' = 'p') THEN
		RAISE EXCEPTION 'multiple primary keys for table "%" are not allowed', relation USING ERRCODE = '42P16';
	END IF;
	FOREACH one IN ARRAY names LOOP
		SELECT attnum INTO number FROM pg_catalog.pg_attribute WHERE attrelid = target AND attname = one AND NOT attisdropped;
		IF number IS NULL THEN
			RAISE EXCEPTION 'column "%" named in key does not exist', one USING ERRCODE = '42703';
		END IF;
		numbers := numbers || to_jsonb(number);
		IF key_kind = 'p' THEN
			EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', target, one);
		END IF;
	END LOOP;
	IF key_name = '' THEN
		key_name := CASE key_kind WHEN 'p' THEN relation || '_pkey' ELSE relation || '_' || array_to_string(names, '_') || '_key' END;
	END IF;
	declared := declared || jsonb_build_object('name', key_name, 'kind', key_kind, 'columns', numbers);
	EXECUTE format('COMMENT ON TABLE %s IS %L', target, jsonb_build_object('keys', declared));
END $$;
CREATE FUNCTION redshift_standin.forget_key(target regclass, key_name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	declared jsonb := redshift_standin.keys(target);
	kept jsonb;
BEGIN
	SELECT COALESCE(jsonb_agg(d), '[]') INTO kept FROM jsonb_array_elements(declared) AS d WHERE d ->> 'name' <> key_name;
	IF kept = declared THEN
		RAISE EXCEPTION 'constraint "%" does not exist', key_name USING ERRCODE = '42704';
	END IF;
	EXECUTE format('COMMENT ON TABLE %s IS %L', target, jsonb_build_object('keys', kept));
END $$;
CREATE VIEW redshift_standin.table_constraints AS
SELECT n.nspname::varchar AS constraint_schema, (d ->> 'name')::varchar AS constraint_name, n.nspname::varchar AS table_schema, c.relname::varchar AS table_name,
	CASE d ->> 'kind' WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END::varchar AS constraint_type
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL jsonb_array_elements(redshift_standin.keys(c.oid)) AS d
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'redshift_standin')
	AND pg_has_role(c.relowner, 'USAGE');
CREATE VIEW redshift_standin.key_column_usage AS
SELECT n.nspname::varchar AS constraint_schema, (d ->> 'name')::varchar AS constraint_name, n.nspname::varchar AS table_schema, c.relname::varchar AS table_name,
	a.attname::varchar AS column_name, k.place::integer AS ordinal_position
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL jsonb_array_elements(redshift_standin.keys(c.oid)) AS d
CROSS JOIN LATERAL jsonb_array_elements_text(d -> 'columns') WITH ORDINALITY AS k(number, place)
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.number::integer
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'redshift_standin')
	AND pg_has_role(c.relowner, 'USAGE');

-- pg_constraint shows keys to everybody, information_schema to the owner (sodadata/soda-core#2813).
CREATE VIEW redshift_standin.pg_constraint AS
SELECT (d ->> 'name')::name AS conname, c.relnamespace AS connamespace, (d ->> 'kind')::"char" AS contype,
	c.oid AS conrelid,
	ARRAY(
		SELECT k::smallint FROM jsonb_array_elements_text(d -> 'columns') WITH ORDINALITY AS n(k, place) ORDER BY place
	) AS conkey
FROM pg_catalog.pg_class AS c
CROSS JOIN LATERAL jsonb_array_elements(redshift_standin.keys(c.oid)) AS d
WHERE c.relkind = 'r' AND c.relnamespace NOT IN (
	'pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'redshift_standin'::regnamespace
);

-- dg/r_SVV_TRANSACTIONS; who is no superuser sees what is his.
CREATE VIEW pg_catalog.svv_transactions AS
SELECT a.usename::text AS txn_owner, a.datname::text AS txn_db, COALESCE(a.backend_xid::text::bigint, 0) AS xid, a.pid,
	a.xact_start AT TIME ZONE 'UTC' AS txn_start, l.mode AS lock_mode, l.locktype AS lockable_object_type,
	l.relation::integer AS relation, l.granted
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE a.datname = current_database() AND l.locktype IN ('relation', 'transactionid')
	AND (a.usename = current_user OR (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user));

-- ALTER COLUMN TYPE VARCHAR(n), by the rules of dg/r_ALTER_TABLE.
CREATE FUNCTION redshift_standin.alter_length(target regclass, column_name text, bytes integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	attribute pg_catalog.pg_attribute;
	held text;
	longest integer;
BEGIN
	SELECT * INTO attribute FROM pg_catalog.pg_attribute WHERE attrelid = target AND attname = column_name AND NOT attisdropped;
	IF attribute IS NULL THEN
		RAISE EXCEPTION 'column "%" does not exist', column_name USING ERRCODE = '42703';
	END IF;
	IF attribute.atttypid <> 'varchar'::regtype THEN
		RAISE EXCEPTION 'only the length of a VARCHAR column can be altered (dg/r_ALTER_TABLE)' USING ERRCODE = '0A000';
	END IF;
	IF attribute.atthasdef THEN
		RAISE EXCEPTION 'cannot alter column "%" with a default (dg/r_ALTER_TABLE)', column_name USING ERRCODE = '0A000';
	END IF;
	IF EXISTS (SELECT 1 FROM jsonb_array_elements(redshift_standin.keys(target)) AS d WHERE d -> 'columns' @> to_jsonb(attribute.attnum::integer)) THEN
		RAISE EXCEPTION 'cannot alter column "%" of a key (dg/r_ALTER_TABLE)', column_name USING ERRCODE = '0A000';
	END IF;
	EXECUTE format('SELECT max(octet_length(%I)) FROM %s', column_name, target) INTO longest;
	IF longest > bytes THEN
		RAISE EXCEPTION 'target column size should be different and not below existing data (dg/r_ALTER_TABLE)' USING ERRCODE = '0A000';
	END IF;
	FOR held IN SELECT conname FROM pg_catalog.pg_constraint WHERE conrelid = target AND contype = 'c' AND conname LIKE 'redshift\_bytes\_%' AND conkey = ARRAY[attribute.attnum] LOOP
		EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', target, held);
	END LOOP;
	EXECUTE format('ALTER TABLE %s ALTER COLUMN %I TYPE VARCHAR(%s)', target, column_name, bytes);
	EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (octet_length(rtrim(CAST(%I AS text), '' '')) <= %s)', target, left('redshift_bytes_' || bytes || '_' || column_name, 63), column_name, bytes);
END $$;

-- What COPY did. log is written beside every transaction and stays when they are rolled back; own is written by the transaction itself, which on
-- Redshift sees the rows at once, whatever its snapshot.
CREATE TABLE redshift_standin.log (kind text, query bigint, doc jsonb);
CREATE TABLE redshift_standin.own (kind text, query bigint, doc jsonb);
CREATE FUNCTION redshift_standin.rows(wanted text) RETURNS SETOF jsonb STABLE LANGUAGE sql AS
$$SELECT doc FROM redshift_standin.log WHERE kind = wanted
UNION ALL
SELECT doc FROM redshift_standin.own AS o WHERE kind = wanted AND NOT EXISTS (SELECT 1 FROM redshift_standin.log AS l WHERE l.query = o.query)$$;
GRANT USAGE ON SCHEMA redshift_standin TO PUBLIC;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA redshift_standin TO PUBLIC;
GRANT SELECT ON pg_catalog.svv_transactions TO PUBLIC;
`

// A systemView is one of Redshift's views of loads, with the columns of its page.
type systemView struct{ name, columns string }

var systemViews = []systemView{
	// dg/SYS_LOAD_ERROR_DETAIL
	{
		"sys_load_error_detail",
		"user_id integer, query_id bigint, transaction_id bigint, session_id integer, " +
			"database_name char(64), table_id integer, start_time timestamp, file_name " +
			"char(256), line_number bigint, column_name char(127), column_type char(10), " +
			"column_length char(10), position integer, error_code integer, error_message char(512)",
	},
	// dg/r_STL_LOAD_ERRORS
	{
		"stl_load_errors",
		"userid integer, slice integer, tbl integer, starttime timestamp, session integer, query " +
			"integer, filename char(256), line_number bigint, colname char(127), type char(10), " +
			"col_length char(10), position integer, raw_line char(1024), raw_field_value " +
			"char(1024), err_code integer, err_reason char(100), is_partial integer, " +
			"start_offset bigint, copy_job_id bigint",
	},
	// dg/SYS_LOAD_DETAIL
	{
		"sys_load_detail",
		"user_id integer, query_id integer, file_name char(256), bytes_scanned integer, " +
			"lines_scanned integer, record_time timestamp, splits_scanned integer, start_time " +
			"timestamp, end_time timestamp, file_etag char(256), file_last_modified timestamp",
	},
	// dg/r_STL_LOAD_COMMITS
	{
		"stl_load_commits",
		"userid integer, query integer, slice integer, name char(256), filename char(256), " +
			"byte_offset integer, lines_scanned integer, errors integer, curtime timestamp, " +
			"status integer, file_format char(16), is_partial integer, start_offset bigint, copy_job_id bigint",
	},
	// dg/SYS_LOAD_HISTORY
	{
		"sys_load_history",
		"user_id integer, query_id bigint, transaction_id bigint, session_id integer, " +
			"database_name text, status text, table_name text, start_time timestamp, end_time " +
			"timestamp, duration bigint, data_source text, file_format text, loaded_rows bigint, " +
			"loaded_bytes bigint, source_file_count integer, source_file_bytes bigint, " +
			"file_count_scanned integer, file_bytes_scanned bigint, error_count bigint, copy_job_id bigint",
	},
}

// prepareBacking makes a database ready, once, and returns what writes its load views.
func prepareBacking(ctx context.Context, config *pgx.ConnConfig, isolation Isolation) (*loadLog, error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	var ready bool
	if err := conn.QueryRow(ctx, "SELECT to_regnamespace('redshift_standin') IS NOT NULL").Scan(&ready); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	if !ready {
		script := backingSQL
		for _, view := range systemViews {
			var columns []string
			for _, column := range strings.Split(view.columns, ", ") {
				name, kind, _ := strings.Cut(column, " ")
				columns = append(columns, fmt.Sprintf("CAST(doc ->> '%s' AS %s) AS %s", name, kind, name))
			}
			script += fmt.Sprintf(
				"CREATE VIEW pg_catalog.%s AS SELECT %s FROM redshift_standin.rows('%s') AS doc;\nGRANT SELECT ON "+
					"pg_catalog.%s TO PUBLIC;\n",
				view.name,
				strings.Join(columns, ", "),
				view.name,
				view.name,
			)
		}
		// dg/r_STV_DB_ISOLATION_LEVEL, for superusers alone; of dg/r_SVV_TABLE_INFO a few columns.
		script += fmt.Sprintf(
			"CREATE VIEW pg_catalog.stv_db_isolation_level AS SELECT CAST(current_database() AS "+
				"char(128)) AS db_name, CAST(%s AS char(20)) AS isolation_level;\n",
			literal(string(isolation)),
		)
		script += `CREATE VIEW pg_catalog.svv_table_info AS SELECT current_database()::text AS database, n.nspname::text AS schema, c.oid AS table_id, c.relname::text AS "table",
			CAST(c.reltuples AS numeric(38,0)) AS tbl_rows, CAST(pg_relation_size(c.oid) / 1048576 AS bigint) AS size
			FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
			WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'redshift_standin');` + "\n"
		if _, err := conn.PgConn().Exec(ctx, script).ReadAll(); err != nil {
			return nil, errors.Join(err, conn.Close(ctx))
		}
	}
	return &loadLog{conn: conn}, nil
}

// loadRow is a row of a load view.
type loadRow struct {
	view  string
	query int64
	doc   map[string]any
}

// loadLog writes rows of the load views outside every client's transaction.
type loadLog struct {
	mu   sync.Mutex
	conn *pgx.Conn
}

func (l *loadLog) write(ctx context.Context, rows []loadRow) error {
	if len(rows) == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	sql, err := insertLoadRows("log", rows)
	if err != nil {
		return err
	}
	_, err = l.conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

func (l *loadLog) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn.Close(context.Background())
}

func insertLoadRows(table string, rows []loadRow) (string, error) {
	values := make([]string, len(rows))
	for i, row := range rows {
		doc, err := json.Marshal(row.doc)
		if err != nil {
			return "", err
		}
		values[i] = fmt.Sprintf("(%s, %d, %s)", literal(row.view), row.query, literal(string(doc)))
	}
	return "INSERT INTO " + helperSchema + "." + table + " (kind, query, doc) VALUES " + strings.Join(values, ", "), nil
}
