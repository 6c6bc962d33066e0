-- order_head: one row per order, from its first line.
-- key:  order_no
-- pick: line
-- from: order_line by order_no
SELECT
    order_no,
    line,
    customer_no,
    day,
    bill_to,
    ship_to
FROM order_line;
