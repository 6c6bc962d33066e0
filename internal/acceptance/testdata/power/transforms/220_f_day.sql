-- f_day: one row per day and region, without what was read in an outage.
-- key:  day, region
-- from: f_reading by day
SELECT
    day,
    COALESCE(region, 'unknown') AS region,
    COUNT(*) AS readings,
    CAST(SUM(wh) AS BIGINT) AS wh,
    CAST(SUM(wh * price) AS BIGINT) AS cost
FROM f_reading
WHERE NOT in_outage
GROUP BY day, COALESCE(region, 'unknown');
