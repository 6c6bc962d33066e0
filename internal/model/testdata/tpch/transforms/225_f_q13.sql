-- f_q13: how many customers have so many orders (question 13).
-- key:  orders
-- from: q13_customer by orders
SELECT
    orders,
    COUNT(*) AS customers
FROM q13_customer
GROUP BY orders;
