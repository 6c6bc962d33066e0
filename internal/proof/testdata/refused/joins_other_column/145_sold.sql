-- sold: one row per order of a product that is known.
-- key:   order_id
-- from:  purchase
-- joins: d_product by product_id = customer_id
SELECT
    purchase.order_id,
    product.category,
    purchase.quantity
FROM purchase
INNER JOIN d_product AS product
    ON product.product_id = purchase.product_id
WHERE product.category <> '';

-- wrong: joins: d_product by product_id = customer_id
