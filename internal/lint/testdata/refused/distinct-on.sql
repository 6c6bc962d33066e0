-- kind: transform
SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b;
