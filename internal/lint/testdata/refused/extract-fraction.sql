-- kind: transform
SELECT EXTRACT(epoch FROM ts) AS a, DATE_PART('second', ts) AS b FROM t;
