-- place: one row per place.
-- key:  place_id
-- pick: city
-- from: s_place
SELECT
    place_id,
    RTRIM(city) AS city
FROM s_place
WHERE place_id IS NOT NULL;
