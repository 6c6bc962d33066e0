-- reading: one row per reading, as its highest version says.
-- key:  reading_id
-- pick: version DESC
-- from: s_reading
SELECT reading_id, RTRIM(meter_id) AS meter_id, read_at, wh, void, version
FROM s_reading
WHERE reading_id IS NOT NULL
    AND read_at IS NOT NULL;
