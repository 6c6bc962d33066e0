-- kind: migration
CREATE TABLE t (a INTEGER) WITH (fillfactor = 70) TABLESPACE fast;
