-- ride: one row per ride, as its highest version says. A correction is a higher version.
-- key:  ride_id
-- pick: version DESC
-- from: s_ride
SELECT
    RTRIM(ride_id) AS ride_id,
    version,
    RTRIM(rider_id) AS rider_id,
    RTRIM(station_id) AS station_id,
    started_at,
    ended_at,
    fee
FROM s_ride
WHERE RTRIM(ride_id) <> '';
