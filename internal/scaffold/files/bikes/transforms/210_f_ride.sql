-- f_ride: one row per ride, with the borough where it began. A ride may arrive before its station.
-- key:        ride_id
-- from:       ride
-- left joins: d_station by station_id
-- refers:     d_station by station_id (warn)
SELECT
    ride.ride_id,
    CAST(ride.started_at AS DATE) AS day,
    ride.rider_id,
    ride.station_id,
    station.borough,
    ride.started_at,
    ride.ended_at,
    ride.fee
FROM ride
LEFT JOIN d_station AS station
    ON station.station_id = ride.station_id
WHERE ride.started_at IS NOT NULL;
