-- nth_order: the how-manieth of its customer's orders an order is. by is no part of the key.
-- key:  order_no
-- from: order_head by customer_no
SELECT
    order_no,
    customer_no,
    ROW_NUMBER() OVER (PARTITION BY customer_no ORDER BY day, order_no) AS nth
FROM order_head
WHERE customer_no IS NOT NULL;
