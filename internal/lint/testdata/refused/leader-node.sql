-- kind: migration
-- +goose Up
INSERT INTO t (a) SELECT current_schema() AS a;

SELECT t.a FROM t WHERE has_table_privilege('t', 'select');

SELECT t.a, c.oid_of FROM t INNER JOIN pg_catalog.pg_class AS c ON c.relname = t.a;

SELECT t.a FROM t WHERE t.a IN (SELECT k.table_name FROM information_schema.tables AS k);

SELECT CURRENT_SCHEMAS(FALSE) AS a, l.pid FROM stv_locks AS l;

CREATE TABLE u AS SELECT c.relname FROM pg_class AS c;

-- +goose Down
DROP TABLE u;
