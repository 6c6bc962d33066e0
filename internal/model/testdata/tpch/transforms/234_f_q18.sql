-- f_q18: large orders (question 18).
-- key:   orderkey
-- from:  line by orderkey
-- joins: ord_cust by orderkey
SELECT
    line.orderkey,
    o.name AS customer,
    o.totalprice,
    SUM(line.quantity) AS quantity
FROM line
INNER JOIN ord_cust AS o
    ON o.orderkey = line.orderkey
GROUP BY line.orderkey, o.name, o.totalprice
HAVING SUM(line.quantity) > 30;
