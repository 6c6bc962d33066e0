-- kind: migration
CREATE TABLE t (a VARCHAR(64) COLLATE "C");
