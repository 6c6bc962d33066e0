-- returned: a line that came back, with its customer (question 10).
-- key:   orderkey, linenumber
-- from:  line
-- joins: ord by orderkey
SELECT
    line.orderkey,
    line.linenumber,
    ord.custkey,
    line.extendedprice * (1 - line.discount) AS revenue
FROM line
INNER JOIN ord
    ON ord.orderkey = line.orderkey
WHERE line.returnflag = 'R'
    AND ord.custkey IS NOT NULL;
