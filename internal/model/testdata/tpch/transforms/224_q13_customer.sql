-- q13_customer: how many orders a customer has, 0 included (question 13).
-- key:   custkey
-- from:  cust by custkey
-- joins: ord by custkey
SELECT
    cust.custkey,
    COUNT(ord.orderkey) AS orders
FROM cust
LEFT JOIN ord
    ON ord.custkey = cust.custkey
    AND ord.orderpriority <> '1-URGENT'
GROUP BY cust.custkey;
