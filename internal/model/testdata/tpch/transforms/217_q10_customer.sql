-- q10_customer: what came back from a customer (question 10).
-- key:   custkey
-- from:  returned by custkey
-- joins: cust by custkey
-- joins: land
SELECT
    returned.custkey,
    cust.name,
    land.name AS nation,
    SUM(returned.revenue) AS revenue
FROM returned
INNER JOIN cust
    ON cust.custkey = returned.custkey
LEFT JOIN land
    ON land.nationkey = cust.nationkey
GROUP BY returned.custkey, cust.name, land.name;
