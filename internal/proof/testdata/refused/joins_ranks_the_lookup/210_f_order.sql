-- f_order: one row per order, with the place of its product's price among all prices.
-- key:   order_id
-- from:  purchase
-- joins: d_product by product_id
SELECT
    purchase.order_id,
    purchase.customer_id,
    purchase.product_id,
    purchase.quantity,
    CAST(product.place AS INTEGER) AS amount,
    NULL AS bill_city,
    NULL AS ship_city
FROM purchase
LEFT JOIN (
    SELECT
        product_id,
        RANK() OVER (ORDER BY price DESC) AS place
    FROM d_product
) AS product
    ON product.product_id = purchase.product_id;

-- wrong: joins: d_product by product_id
