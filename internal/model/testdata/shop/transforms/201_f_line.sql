-- f_line: one row per line of an order, at the price of its day.
-- key:   order_no, line
-- from:  order_line
-- joins: d_price by product_no
-- left joins: d_customer by customer_no
-- left joins: d_product by product_no
SELECT
    l.order_no,
    l.line,
    l.customer_no,
    l.product_no,
    l.day,
    l.quantity,
    l.quantity * p.price AS amount,
    d_customer.name AS customer_name,
    d_product.name AS product_name
FROM order_line AS l
LEFT JOIN d_price AS p
    ON p.product_no = l.product_no
    AND l.day >= p.valid_from
    AND (p.valid_to IS NULL OR l.day < p.valid_to)
LEFT JOIN d_customer
    ON d_customer.customer_no = l.customer_no
LEFT JOIN d_product
    ON d_product.product_no = l.product_no;
