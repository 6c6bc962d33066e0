-- q03_order: the open revenue of an order (question 3).
-- key:   orderkey
-- from:  line by orderkey
-- joins: ord_cust by orderkey
SELECT
    line.orderkey,
    o.orderdate,
    SUM(line.extendedprice * (1 - line.discount)) AS revenue
FROM line
INNER JOIN ord_cust AS o
    ON o.orderkey = line.orderkey
WHERE o.mktsegment = 'BUILDING'
    AND o.orderdate < DATE '1995-03-15'
    AND line.shipdate > DATE '1994-06-15'
GROUP BY line.orderkey, o.orderdate;
