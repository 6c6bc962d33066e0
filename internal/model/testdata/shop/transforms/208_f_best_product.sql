-- f_best_product: the two products that were ordered most.
-- key: product_no
SELECT
    product_total.product_no,
    d_product.name,
    product_total.quantity
FROM product_total
LEFT JOIN d_product
    ON d_product.product_no = product_total.product_no
ORDER BY product_total.quantity DESC NULLS LAST, product_total.product_no
LIMIT 2;
