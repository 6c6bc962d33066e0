-- kind: transform
SELECT SUM(CASE WHEN t.filter > 0 THEN 1 ELSE 0 END) AS positive FROM t;
