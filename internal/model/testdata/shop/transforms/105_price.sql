-- price: the price of a product from a day on.
-- key:  product_no, valid_from
-- pick: price DESC
-- from: s_price
SELECT
    product_no,
    valid_from,
    price
FROM s_price
WHERE product_no IS NOT NULL
    AND valid_from IS NOT NULL;
