-- metered: one row per reading that is not void, with its meter, which may arrive later.
-- key:  reading_id
-- from: reading
-- left joins: d_meter by meter_id
SELECT reading.reading_id, reading.meter_id, reading.read_at, reading.wh,
    meter.customer_id, meter.region
FROM reading
LEFT JOIN d_meter AS meter
    ON meter.meter_id = reading.meter_id
WHERE NOT COALESCE(reading.void, FALSE);
