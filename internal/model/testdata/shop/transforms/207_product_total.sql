-- product_total: how much of a product was ordered, for the best of them.
-- key:  product_no
-- from: order_line by product_no
SELECT
    product_no,
    SUM(quantity) AS quantity
FROM order_line
WHERE product_no IS NOT NULL
GROUP BY product_no;
