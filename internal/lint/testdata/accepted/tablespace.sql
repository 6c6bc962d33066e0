-- kind: migration
CREATE TABLE t AS WITH u AS (SELECT a FROM v) SELECT a FROM u;
