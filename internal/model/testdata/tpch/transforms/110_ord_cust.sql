-- ord_cust: an order with its customer.
-- key:   orderkey
-- from:  ord
-- joins: cust by custkey
SELECT
    ord.orderkey,
    ord.orderdate,
    ord.totalprice,
    ord.orderpriority,
    ord.custkey,
    cust.name,
    cust.mktsegment,
    cust.nationkey
FROM ord
INNER JOIN cust
    ON cust.custkey = ord.custkey;
