-- f_loyal: one row per customer and category, with the first and the last order.
-- key:   customer_id, category
-- from:  purchase by customer_id
-- joins: d_product by product_id
-- joins: d_product by product_id
SELECT
    purchase.customer_id,
    product.category,
    MIN(purchase.order_id) AS first_order,
    MAX(purchase.order_id) AS last_order
FROM purchase
INNER JOIN d_product AS product
    ON product.product_id = purchase.product_id
WHERE purchase.customer_id IS NOT NULL
    AND product.category IS NOT NULL
    AND EXISTS (
        SELECT 1
        FROM d_product AS any_product
        WHERE any_product.product_id = purchase.product_id
    )
GROUP BY
    purchase.customer_id,
    product.category;
