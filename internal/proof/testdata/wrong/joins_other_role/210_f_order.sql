-- f_order: one row per order, with what it costs and where it goes.
-- key:   order_id
-- from:  purchase
-- joins: d_product by product_id
-- joins: place by place_id = bill_to
-- joins: place by place_id = bill_to
SELECT
    purchase.order_id,
    purchase.customer_id,
    purchase.product_id,
    purchase.quantity,
    purchase.quantity * product.price AS amount,
    bill_place.city AS bill_city,
    ship_place.city AS ship_city
FROM purchase
LEFT JOIN d_product AS product
    ON product.product_id = purchase.product_id
LEFT JOIN place AS bill_place
    ON bill_place.place_id = purchase.bill_to
LEFT JOIN place AS ship_place
    ON ship_place.place_id = purchase.ship_to;

-- wrong: joins: place by place_id = bill_to
