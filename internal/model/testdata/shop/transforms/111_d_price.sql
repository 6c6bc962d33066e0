-- d_price: the price of a product during an interval of days.
-- key:  product_no, valid_from
-- from: price by product_no
SELECT
    product_no,
    valid_from,
    LEAD(valid_from) OVER (PARTITION BY product_no ORDER BY valid_from) AS valid_to,
    price
FROM price;
