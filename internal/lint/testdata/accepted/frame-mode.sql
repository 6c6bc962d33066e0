-- kind: transform
SELECT SUM(a) OVER (ORDER BY range, groups, exclude ROWS 2 PRECEDING) AS b FROM t;
