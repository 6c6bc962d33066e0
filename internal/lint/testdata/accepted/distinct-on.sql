-- kind: transform
SELECT DISTINCT t.a
FROM t
INNER JOIN u
    ON u.a = t.a;
