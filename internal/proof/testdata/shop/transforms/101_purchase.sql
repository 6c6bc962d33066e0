-- purchase: one row per order, as it was delivered last.
-- key:  order_id
-- pick: ordered_at DESC, quantity DESC
-- from: s_order
SELECT
    order_id,
    customer_id,
    product_id,
    bill_to,
    ship_to,
    quantity,
    ordered_at
FROM s_order
WHERE order_id IS NOT NULL;
