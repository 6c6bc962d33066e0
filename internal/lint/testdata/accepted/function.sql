-- kind: transform
SELECT
    /*postgres*/ ENCODE(SHA256(CONVERT_TO(a, 'UTF8')), 'hex') /*redshift SHA2(a, 256) */ AS b,
    SUBSTRING(a, 1, 2) AS c,
    MD5(a) AS d,
    t.format AS e,
    my.format(a) AS f
FROM t;

INSERT INTO format (overlay) WITH mode (a) AS (SELECT b FROM t) SELECT mode.a FROM mode;
