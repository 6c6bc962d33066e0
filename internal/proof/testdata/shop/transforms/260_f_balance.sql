-- f_balance: one row per product that moved, with how many categories sell more.
-- key:   product_id
-- from:  balance
-- joins: d_product by product_id
-- joins: category_total
SELECT
    balance.product_id,
    balance.quantity,
    balance.movements,
    product.category,
    (
        SELECT COUNT(*)
        FROM category_total AS total
        WHERE total.quantity > balance.quantity
    ) AS better
FROM balance
LEFT JOIN d_product AS product
    ON product.product_id = balance.product_id;
