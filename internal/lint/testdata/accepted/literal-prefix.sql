-- kind: transform
SELECT 'a' AS e, x AS b FROM t WHERE u & 1 = 0;
