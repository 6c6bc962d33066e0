-- kind: migration
CREATE TABLE t (a INTEGER) INHERITS (u);
