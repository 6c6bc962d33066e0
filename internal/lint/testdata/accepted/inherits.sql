-- kind: migration
CREATE TABLE t (inherits INTEGER);
