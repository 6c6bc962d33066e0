-- f_reading: one row per reading, with the latest price of its segment, and if it is of an outage.
-- key:   reading_id
-- pick:  price_from DESC
-- from:  owned
-- joins: tariff by segment
-- joins: outage by region
-- refers: d_meter by meter_id (warn)
SELECT
    owned.reading_id, owned.meter_id, owned.region, owned.customer_id, owned.segment,
    CAST(owned.read_at AS DATE) AS day,
    owned.read_at,
    owned.wh,
    tariff.price,
    tariff.valid_from AS price_from,
    EXISTS (
        SELECT 1
        FROM outage
        WHERE outage.region = owned.region
            AND outage.began_at <= owned.read_at
            AND owned.read_at < outage.ended_at
    ) AS in_outage
FROM owned
LEFT JOIN tariff
    ON tariff.segment = owned.segment
    AND tariff.valid_from <= CAST(owned.read_at AS DATE);
