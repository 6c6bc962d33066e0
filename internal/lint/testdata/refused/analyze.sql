-- kind: transform
ANALYZE t;
