-- f_q04: late orders by priority (question 4).
-- key:  orderpriority
-- from: late_order by orderpriority
SELECT
    orderpriority,
    COUNT(*) AS orders
FROM late_order
WHERE orderpriority IS NOT NULL
GROUP BY orderpriority;
