-- kind: migration
CREATE TABLE t (a INTEGER, UNIQUE (a) DEFERRABLE);
