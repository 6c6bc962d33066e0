-- f_order: one row per order, with how many orders its customer has made.
-- key:  order_id
-- from: purchase
SELECT
    order_id,
    customer_id,
    product_id,
    quantity,
    orders_of(customer_id) AS amount,
    NULL AS bill_city,
    NULL AS ship_city
FROM purchase;

-- wrong: from: purchase
