-- kind: transform
SELECT t.pg_advisory_lock FROM t;
