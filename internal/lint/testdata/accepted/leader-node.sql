-- kind: migration
-- +goose Up
SELECT current_schema() AS a;

SELECT c.relname FROM pg_catalog.pg_class AS c INNER JOIN information_schema.tables AS k ON k.table_name = c.relname
WHERE has_table_privilege(c.relname, 'select') AND k.table_schema = current_schema();

WITH pg_own AS (SELECT t.a FROM t) SELECT pg_own.a, version() AS v, pg_backend_pid() AS pid FROM pg_own;

SELECT l.lock_owner FROM stv_locks AS l INNER JOIN pg_class AS c ON c.relname = 'a';

CREATE TABLE u (current_schema VARCHAR(10), factorial INTEGER);

-- +goose Down
DROP TABLE u;
