-- year_sale: a sale with its year, part, cost and the customer's region (questions 8 and 9).
-- from:  sale
-- joins: land by nationkey
-- joins: item by partkey
-- joins: offer by partkey, suppkey
SELECT
    CAST(EXTRACT(year FROM sale.orderdate) AS INTEGER) AS year,
    sale.supp_nation,
    land.region,
    item.type,
    item.name,
    sale.revenue,
    offer.supplycost * sale.quantity AS cost
FROM sale
INNER JOIN item
    ON item.partkey = sale.partkey
LEFT JOIN land
    ON land.nationkey = sale.nationkey
LEFT JOIN offer
    ON offer.partkey = sale.partkey
    AND offer.suppkey = sale.suppkey
WHERE sale.orderdate IS NOT NULL;
