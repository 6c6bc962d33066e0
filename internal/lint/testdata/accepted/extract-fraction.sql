-- kind: transform
SELECT EXTRACT(minute FROM ts) AS second, CAST(EXTRACT(dow FROM ts) AS INTEGER) AS dow FROM t;
