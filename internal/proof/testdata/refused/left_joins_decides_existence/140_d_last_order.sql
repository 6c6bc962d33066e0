-- d_last_order: one row per customer, of the latest order to a known city.
-- key:  customer_id
-- pick: ordered_at DESC, order_id DESC
-- from: purchase
-- left joins: place by place_id = ship_to
SELECT
    sent.customer_id,
    sent.ordered_at,
    sent.order_id,
    sent.ship_to,
    sent.city
FROM (
    SELECT
        purchase.customer_id,
        purchase.ordered_at,
        purchase.order_id,
        purchase.ship_to,
        COALESCE(place.city, '') AS city
    FROM purchase
    LEFT JOIN place
        ON place.place_id = purchase.ship_to
) AS sent
WHERE sent.customer_id IS NOT NULL
    AND sent.city <> '';

-- wrong: left joins: place by place_id = ship_to
