-- d_last_order: one row per customer, of the latest order, with the city that it goes to.
-- key:  customer_id
-- pick: ordered_at DESC, order_id DESC
-- from: purchase
-- left joins: place by place_id = ship_to
SELECT
    purchase.customer_id,
    purchase.ordered_at,
    purchase.order_id,
    purchase.ship_to,
    place.city
FROM purchase
LEFT JOIN place
    ON place.place_id = purchase.ship_to
WHERE purchase.customer_id IS NOT NULL;
