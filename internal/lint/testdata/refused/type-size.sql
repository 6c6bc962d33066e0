-- kind: migration
CREATE TABLE t (a VARCHAR(65536), b NUMERIC(39, 2), c CHAR(5000));
