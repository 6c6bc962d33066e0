-- kind: transform
SELECT TO_TIMESTAMP(a, 'YYYY-MM-DD') AS b, TIMESTAMP 'epoch' + ts / 1000 * INTERVAL '1 second' AS c FROM t;
