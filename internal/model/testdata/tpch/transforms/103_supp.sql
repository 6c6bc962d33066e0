-- supp: one row per suppkey, cleaned.
-- key:  suppkey
-- pick: acctbal DESC
-- from: supplier
SELECT
    s_suppkey AS suppkey,
    RTRIM(s_name) AS name,
    s_nationkey AS nationkey,
    s_acctbal AS acctbal,
    RTRIM(s_comment) AS comment
FROM supplier
WHERE s_suppkey IS NOT NULL;
