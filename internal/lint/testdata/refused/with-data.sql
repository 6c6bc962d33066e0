-- kind: transform
CREATE TABLE t AS SELECT a FROM u WITH NO DATA;
