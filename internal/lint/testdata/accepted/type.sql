-- kind: migration
CREATE TABLE t (
    a SMALLINT,
    b DOUBLE PRECISION,
    c CHARACTER VARYING(64),
    d TIMESTAMP WITHOUT TIME ZONE,
    e TIMESTAMPTZ,
    f NUMERIC(10, 2),
    json VARCHAR(64),
    uuid VARCHAR(36),
    g /*postgres*/ JSONB /*redshift SUPER */,
    PRIMARY KEY (a),
    UNIQUE (b)
);

SELECT CAST(a AS BIGINT) AS b, c::INTEGER AS d, DATE '2018-11-01' AS e FROM t;
