-- f_movement: one row per order that goes to a known place.
-- key:   kind, order_id, quantity
-- pick:  note
-- from:  purchase
-- joins: place by place_id = ship_to
-- joins: spot by place_id = bill_to
SELECT
    'out' AS kind,
    purchase.order_id,
    12 / (
        SELECT CAST(COUNT(*) AS INTEGER)
        FROM spot
        WHERE spot.place_id = purchase.ship_to
    ) AS quantity,
    place.city AS note
FROM purchase
INNER JOIN place
    ON place.place_id = purchase.ship_to;
