-- f_nth_order: one row per order of a customer.
-- key:   order_no
-- from:  nth_order
-- joins: d_customer by customer_no
SELECT
    nth_order.order_no,
    nth_order.customer_no,
    nth_order.nth,
    d_customer.name
FROM nth_order
INNER JOIN d_customer
    ON d_customer.customer_no = nth_order.customer_no;
