-- kind: transform
SELECT DISTINCT a FROM t WHERE a IS NOT NULL;
