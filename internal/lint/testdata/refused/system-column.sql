-- kind: migration
CREATE TABLE t (oid INTEGER);

SELECT t.ctid, "xmin" FROM t;
