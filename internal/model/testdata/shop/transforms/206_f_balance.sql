-- f_balance: what an order's customer kept: several from: with by.
-- key:  order_no
-- from: order_line by order_no
-- from: s_return by order_no
SELECT
    order_no,
    SUM(sold) AS sold,
    SUM(returned) AS returned
FROM (
    SELECT order_no, quantity AS sold, 0 AS returned FROM order_line
    UNION ALL
    SELECT order_no, 0, quantity FROM s_return
) AS both_ways
WHERE order_no IS NOT NULL
GROUP BY order_no;
