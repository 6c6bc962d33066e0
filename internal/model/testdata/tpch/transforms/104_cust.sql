-- cust: one row per custkey, cleaned.
-- key:  custkey
-- pick: acctbal DESC
-- from: customer
SELECT
    c_custkey AS custkey,
    RTRIM(c_name) AS name,
    c_nationkey AS nationkey,
    RTRIM(c_phone) AS phone,
    c_acctbal AS acctbal,
    RTRIM(c_mktsegment) AS mktsegment
FROM customer
WHERE c_custkey IS NOT NULL;
