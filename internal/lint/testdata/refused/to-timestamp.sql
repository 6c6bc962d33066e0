-- kind: transform
SELECT TO_TIMESTAMP(ts / 1000.0) AS played_at FROM t;
