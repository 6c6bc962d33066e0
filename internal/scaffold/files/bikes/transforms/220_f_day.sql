-- f_day: one row per day and borough, with its rides and fees.
-- key:  day, borough
-- from: f_ride by day
SELECT
    day,
    COALESCE(borough, 'unknown') AS borough,
    COUNT(*) AS rides,
    SUM(fee) AS fees
FROM f_ride
GROUP BY day, COALESCE(borough, 'unknown');
