-- kind: transform
SELECT SUM(a) OVER (PARTITION BY c) AS b, t.over, t.window FROM t;
