-- area: one row per regionkey, cleaned.
-- key:  regionkey
-- pick: name
-- from: region
SELECT
    r_regionkey AS regionkey,
    RTRIM(r_name) AS name
FROM region
WHERE r_regionkey IS NOT NULL;
