-- kind: transform
SELECT t.a AS materialized FROM t;
