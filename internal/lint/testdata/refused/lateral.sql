-- kind: transform
SELECT t.a, u.b FROM t CROSS JOIN LATERAL (SELECT b FROM v WHERE v.a = t.a) AS u;
