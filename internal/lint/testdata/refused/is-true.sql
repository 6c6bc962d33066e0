-- kind: transform
SELECT a, (b IS NOT TRUE) AS c FROM t;
