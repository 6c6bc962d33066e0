-- kind: migration
CREATE TABLE t (tag VARCHAR(64), open BOOLEAN);

CREATE VIEW snapshot AS WITH delta AS (SELECT a FROM t) SELECT a AS new FROM delta;

INSERT INTO t (a) WITH raw (a) AS (SELECT 1 AS b) SELECT raw.a FROM raw;

ALTER TABLE t ADD COLUMN percent INTEGER;

ALTER TABLE t RENAME COLUMN a TO system;
