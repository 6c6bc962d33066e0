-- kind: transform
SELECT t.a, 'LATERAL' AS b FROM t;
