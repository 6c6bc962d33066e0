-- kind: transform
SELECT STRING_AGG(a, ',') AS b, ENCODE(SHA256(c), 'hex') AS d, SUBSTR(a, 1, 2) AS e, REGEXP_REPLACE(a, 'x', 'y') AS f FROM t;

SELECT a, /*postgres*/ STRING_AGG(b, ',') /*redshift STRING_AGG(b, ',') */ AS c FROM t GROUP BY a;
