-- month_line: a line with the month of its shipping, and what its part is.
-- key:   orderkey, linenumber
-- from:  line
-- joins: item by partkey
SELECT
    line.orderkey,
    line.linenumber,
    CAST(DATE_TRUNC('month', line.shipdate) AS DATE) AS month,
    line.quantity,
    line.extendedprice,
    line.discount,
    item.type,
    item.brand,
    item.container
FROM line
LEFT JOIN item
    ON item.partkey = line.partkey
WHERE line.shipdate IS NOT NULL;
