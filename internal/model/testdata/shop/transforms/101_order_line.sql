-- order_line: one row per line of an order, as its latest delivery has it.
-- key:  order_no, line
-- pick: day DESC, quantity
-- from: s_order_line
SELECT
    order_no,
    line,
    customer_no,
    product_no,
    day,
    quantity,
    bill_to,
    ship_to
FROM s_order_line
WHERE order_no IS NOT NULL
    AND line IS NOT NULL;
