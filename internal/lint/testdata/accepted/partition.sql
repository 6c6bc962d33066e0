-- kind: migration
CREATE TABLE t AS SELECT u.a, ROW_NUMBER() OVER (PARTITION BY u.a ORDER BY u.b) AS place FROM u;
