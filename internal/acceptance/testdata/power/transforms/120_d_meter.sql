-- d_meter: one row per meter, as its highest version says.
-- key:  meter_id
-- pick: version DESC
-- from: s_meter
SELECT RTRIM(meter_id) AS meter_id, RTRIM(customer_id) AS customer_id, RTRIM(region) AS region,
    version
FROM s_meter
WHERE RTRIM(meter_id) <> '';
