-- kind: transform
CREATE TABLE t AS SELECT a FROM u WHERE data IS NULL;
