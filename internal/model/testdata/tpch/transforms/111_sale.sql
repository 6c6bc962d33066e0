-- sale: a line with its order, customer's nation and supplier's nation.
-- key:   orderkey, linenumber
-- from:  line
-- joins: ord_cust by orderkey
-- joins: supp_land by suppkey
SELECT
    line.orderkey,
    line.linenumber,
    line.partkey,
    line.suppkey,
    line.quantity,
    line.shipdate,
    o.custkey,
    o.nationkey,
    o.orderdate,
    s.nationkey AS supp_nationkey,
    s.nation AS supp_nation,
    s.region AS supp_region,
    line.extendedprice * (1 - line.discount) AS revenue
FROM line
INNER JOIN ord_cust AS o
    ON o.orderkey = line.orderkey
INNER JOIN supp_land AS s
    ON s.suppkey = line.suppkey;
