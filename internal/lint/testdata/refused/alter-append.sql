-- kind: migration
ALTER TABLE t APPEND FROM u;
