-- kind: transform
WITH gone AS (DELETE FROM t WHERE a = 1) SELECT a FROM u;
