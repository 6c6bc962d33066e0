-- f_movement: one row per order that goes to a known place.
-- key:   kind, order_id, quantity
-- pick:  note
-- from:  purchase
-- joins: place by place_id = ship_to
-- joins: spot by place_id = bill_to
SELECT
    'out' AS kind,
    sold.order_id,
    12 / (
        SELECT CAST(COUNT(*) AS INTEGER)
        FROM spot
        WHERE spot.place_id = sold.target
    ) AS quantity,
    place.city AS note
FROM (SELECT order_id, ship_to AS target FROM purchase) AS sold
INNER JOIN place
    ON place.place_id = sold.target;
