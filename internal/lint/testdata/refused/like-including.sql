-- kind: migration
CREATE TABLE t (LIKE u INCLUDING ALL);
