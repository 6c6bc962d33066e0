-- f_movement: one row per order and one per return with its own quantity.
-- key:   kind, order_id, quantity
-- pick:  note
-- from:  purchase
-- joins: d_product by product_id
-- joins: place by place_id = order_id
-- from:  s_return
SELECT
    'out' AS kind,
    purchase.order_id,
    purchase.quantity,
    product.category AS note
FROM purchase
LEFT JOIN d_product AS product
    ON product.product_id = purchase.product_id
WHERE purchase.quantity IS NOT NULL
UNION ALL
SELECT
    'back' AS kind,
    returned.order_id,
    returned.quantity,
    COALESCE(place.city, RTRIM(returned.reason)) AS note
FROM s_return AS returned
LEFT JOIN place
    ON place.place_id = returned.order_id
WHERE returned.order_id IS NOT NULL
    AND returned.quantity IS NOT NULL;

-- wrong: joins: place by place_id = order_id
