-- kind: migration
CREATE TEMPORARY TABLE t (unlogged INTEGER);

CREATE VIEW w AS SELECT a FROM t;
