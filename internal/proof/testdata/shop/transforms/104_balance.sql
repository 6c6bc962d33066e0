-- balance: one row per product, with what went out less what came back.
-- key:  product_id
-- from: purchase by product_id
-- from: s_return by order_id as product_id
SELECT
    product_id,
    SUM(quantity) AS quantity,
    COUNT(*) AS movements
FROM (
    SELECT
        product_id,
        quantity
    FROM purchase
    UNION ALL
    SELECT
        order_id AS product_id,
        -quantity AS quantity
    FROM s_return
) AS movement
WHERE product_id IS NOT NULL
GROUP BY product_id;
