-- kind: migration
CREATE TABLE t (a TEXT, b VARCHAR NOT NULL, c NUMERIC, d CHAR);

SELECT CAST(a AS VARCHAR) AS b, c::text AS d FROM t;
