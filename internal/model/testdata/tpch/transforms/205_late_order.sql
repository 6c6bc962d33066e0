-- late_order: an order of which a line came late (question 4).
-- key:   orderkey
-- from:  ord
-- joins: line by orderkey
SELECT
    ord.orderkey,
    ord.orderpriority
FROM ord
WHERE ord.orderdate >= DATE '1994-01-01'
    AND EXISTS (
        SELECT 1
        FROM line
        WHERE line.orderkey = ord.orderkey
            AND line.commitdate < line.receiptdate
    );
