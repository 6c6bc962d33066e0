-- kind: migration
CREATE TABLE t (a VARCHAR(65535), b NUMERIC(38, 37), c CHAR(4096));
