-- kind: transform
SELECT a FROM t FOR UPDATE;
