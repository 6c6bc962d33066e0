-- trade: a sale between two nations (question 7).
-- from:  sale
-- joins: land by nationkey
SELECT
    sale.supp_nation,
    land.name AS cust_nation,
    CAST(EXTRACT(year FROM sale.shipdate) AS INTEGER) AS year,
    sale.revenue
FROM sale
INNER JOIN land
    ON land.nationkey = sale.nationkey
WHERE land.name <> sale.supp_nation
    AND sale.shipdate IS NOT NULL;
