-- f_idle_customer: one row per customer who has ordered nothing.
-- key:   customer_no
-- from:  d_customer
-- joins: order_line by customer_no
SELECT
    customer_no,
    name
FROM d_customer
WHERE NOT EXISTS (
    SELECT 1
    FROM order_line
    WHERE order_line.customer_no = d_customer.customer_no
);
