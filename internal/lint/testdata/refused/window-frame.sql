-- kind: transform
SELECT SUM(a) OVER (PARTITION BY b ORDER BY c) AS total, LAST_VALUE(a) OVER (ORDER BY c) AS last FROM t;
