-- ord: one row per orderkey, cleaned.
-- key:  orderkey
-- pick: orderdate DESC
-- from: orders
SELECT
    o_orderkey AS orderkey,
    o_custkey AS custkey,
    RTRIM(o_orderstatus) AS orderstatus,
    o_totalprice AS totalprice,
    o_orderdate AS orderdate,
    RTRIM(o_orderpriority) AS orderpriority
FROM orders
WHERE o_orderkey IS NOT NULL;
