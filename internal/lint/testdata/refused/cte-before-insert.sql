-- kind: transform
WITH u AS (SELECT a FROM v) INSERT INTO t (a) SELECT a FROM u;
