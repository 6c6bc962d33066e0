-- d_product: one row per product, of its latest version.
-- key:  product_id
-- pick: version DESC, price DESC
-- from: s_product
SELECT
    product_id,
    RTRIM(category) AS category,
    price,
    version
FROM s_product
WHERE product_id IS NOT NULL;
