-- return_line: what came back of a line of an order.
-- key:  order_no, line
-- from: s_return by order_no, line
SELECT
    order_no,
    line,
    MIN(RTRIM(reason)) AS reason,
    SUM(quantity) AS quantity
FROM s_return
WHERE order_no IS NOT NULL
    AND line IS NOT NULL
GROUP BY order_no, line;
