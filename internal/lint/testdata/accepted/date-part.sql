-- kind: transform
SELECT DATE_PART('week', ts) AS a, EXTRACT(week FROM ts) AS b, /*postgres*/ 1 /*redshift DATE_PART(week, ts) */ AS c FROM t;
