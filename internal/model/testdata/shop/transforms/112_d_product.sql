-- d_product: one row per product, with its latest price.
-- key:   product_no
-- pick:  name DESC
-- from:  s_product
-- joins: d_price by product_no
SELECT
    s_product.product_no,
    RTRIM(s_product.name) AS name,
    d_price.price
FROM s_product
LEFT JOIN d_price
    ON d_price.product_no = s_product.product_no
    AND d_price.valid_to IS NULL
WHERE s_product.product_no IS NOT NULL;
