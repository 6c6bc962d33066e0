-- kind: migration
CREATE TABLE t (
    a SERIAL,
    b UUID DEFAULT '00000000-0000-0000-0000-000000000000',
    c INTEGER ARRAY,
    d JSONB NOT NULL
);

ALTER TABLE t ADD COLUMN e public.mood;

SELECT a::inet AS b, CAST(c AS bytea) AS d, uuid 'x' AS e FROM t;
