-- line: one row per orderkey, linenumber, cleaned.
-- key:  orderkey, linenumber
-- pick: shipdate DESC
-- from: lineitem
SELECT
    l_orderkey AS orderkey,
    l_linenumber AS linenumber,
    l_partkey AS partkey,
    l_suppkey AS suppkey,
    l_quantity AS quantity,
    l_extendedprice AS extendedprice,
    l_discount AS discount,
    l_tax AS tax,
    RTRIM(l_returnflag) AS returnflag,
    RTRIM(l_linestatus) AS linestatus,
    l_shipdate AS shipdate,
    l_commitdate AS commitdate,
    l_receiptdate AS receiptdate,
    RTRIM(l_shipmode) AS shipmode
FROM lineitem
WHERE l_orderkey IS NOT NULL
    AND l_linenumber IS NOT NULL;
