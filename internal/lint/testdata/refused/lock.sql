-- kind: transform
LOCK TABLE t;
