-- kind: transform
SELECT CONCAT(a, b, 'x') AS c FROM t;
