-- land: one row per nation, with its region.
-- key:   nationkey
-- pick:  name
-- from:  nation
-- joins: area by regionkey = n_regionkey
SELECT
    n_nationkey AS nationkey,
    RTRIM(n_name) AS name,
    area.name AS region
FROM nation
LEFT JOIN area
    ON area.regionkey = nation.n_regionkey
WHERE n_nationkey IS NOT NULL;
