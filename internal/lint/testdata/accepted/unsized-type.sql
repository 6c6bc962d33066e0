-- kind: migration
CREATE TABLE t (text VARCHAR(64), b CHARACTER VARYING(20), c DECIMAL(18, 2), d NUMERIC(10), e CHAR(1));

SELECT CAST(a AS VARCHAR(20)) AS b, /*postgres*/ c::text /*redshift c */ AS d FROM t;
