-- d_station: one row per station, as its latest line says.
-- key:  station_id
-- pick: changed_on DESC
-- from: s_station
SELECT
    RTRIM(station_id) AS station_id,
    name,
    borough,
    docks,
    changed_on
FROM s_station
WHERE RTRIM(station_id) <> '';
