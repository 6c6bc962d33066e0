-- kind: transform
INSERT INTO t (a, b) VALUES (1, 2), (3, 4);

SELECT COALESCE(a, b) = 1 AS c, MOD(a, b) IN (1, 2) AS d, ROW_NUMBER() OVER (ORDER BY a, b) AS place FROM t GROUP BY a, b;
