-- kind: transform
DELETE FROM t;

SELECT DATE_TRUNC('day', t.ts) AS truncate FROM t;
