-- item: one row per partkey, cleaned.
-- key:  partkey
-- pick: size DESC
-- from: part
SELECT
    p_partkey AS partkey,
    RTRIM(p_name) AS name,
    RTRIM(p_brand) AS brand,
    RTRIM(p_type) AS type,
    p_size AS size,
    RTRIM(p_container) AS container
FROM part
WHERE p_partkey IS NOT NULL;
