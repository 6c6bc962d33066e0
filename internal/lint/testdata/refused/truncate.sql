-- kind: transform
TRUNCATE TABLE t;
