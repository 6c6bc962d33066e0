-- offer: one row per partkey, suppkey, cleaned.
-- key:  partkey, suppkey
-- pick: supplycost
-- from: partsupp
SELECT
    ps_partkey AS partkey,
    ps_suppkey AS suppkey,
    ps_availqty AS availqty,
    ps_supplycost AS supplycost
FROM partsupp
WHERE ps_partkey IS NOT NULL
    AND ps_suppkey IS NOT NULL;
