-- f_q03: the orders with the most open revenue (question 3).
-- key: orderkey
SELECT
    orderkey,
    orderdate,
    revenue
FROM q03_order
ORDER BY revenue DESC NULLS LAST, orderdate, orderkey
LIMIT 3;
