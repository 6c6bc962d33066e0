-- kind: transform
INSERT INTO t (a) WITH u AS (SELECT a FROM v) SELECT a FROM u;
