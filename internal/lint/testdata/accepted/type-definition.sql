-- kind: migration
CREATE TABLE t (type VARCHAR(16), domain VARCHAR(64), extension VARCHAR(8));
