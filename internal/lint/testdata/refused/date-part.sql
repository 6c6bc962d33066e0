-- kind: transform
SELECT /*postgres*/ 1 AS a /*redshift 1 AS a */, DATE_TRUNC(week, ts) AS b FROM t;
