-- kind: transform
SELECT t.tablesample FROM t;
