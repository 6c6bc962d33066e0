-- kind: migration
CREATE TABLE t (a INTEGER CHECK (a > 0), CONSTRAINT b EXCLUDE USING gist (a WITH =));
