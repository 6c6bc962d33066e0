-- kind: transform
SELECT SUM(a) OVER w AS b
FROM t
WINDOW w AS (PARTITION BY c);
