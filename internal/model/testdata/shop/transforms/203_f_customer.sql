-- f_customer: one row per customer who has ordered.
-- key:  customer_no
-- from: f_line by customer_no
SELECT
    customer_no,
    COUNT(DISTINCT order_no) AS orders,
    SUM(amount) AS amount,
    MIN(order_no) AS first_order,
    MAX(order_no) AS last_order
FROM f_line
WHERE customer_no IS NOT NULL
GROUP BY customer_no;
