-- owned: the same, with the segment that the customer had at that moment.
-- key:   reading_id
-- from:  metered
-- joins: d_customer by customer_id
SELECT metered.reading_id, metered.meter_id, metered.read_at, metered.wh, metered.customer_id,
    metered.region, customer.segment
FROM metered
LEFT JOIN d_customer AS customer
    ON customer.customer_id = metered.customer_id
    AND customer.valid_from <= metered.read_at
    AND (customer.valid_to IS NULL OR metered.read_at < customer.valid_to);
