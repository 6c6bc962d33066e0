-- kind: transform
SELECT COUNT(*) FILTER (WHERE a > 0) AS positive FROM t;
