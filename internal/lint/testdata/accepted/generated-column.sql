-- kind: migration
CREATE TABLE t (generated BIGINT, always INTEGER DEFAULT 0);
