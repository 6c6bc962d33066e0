-- A ride ends after it begins.
-- severity: error
SELECT
    ride_id,
    started_at,
    ended_at
FROM f_ride
WHERE ended_at < started_at
ORDER BY ride_id;
