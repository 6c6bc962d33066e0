-- mode_line: a late line with its order's priority (question 12). A bag.
-- from:  line
-- joins: ord by orderkey
SELECT
    line.shipmode,
    CASE WHEN ord.orderpriority IN ('1-URGENT', '2-HIGH') THEN 1 ELSE 0 END AS high
FROM line
INNER JOIN ord
    ON ord.orderkey = line.orderkey
WHERE line.shipmode IN ('MAIL', 'SHIP')
    AND line.commitdate < line.receiptdate;
