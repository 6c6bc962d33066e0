-- waiting: a line whose supplier alone kept a finished order waiting (question 21).
-- key:   orderkey, linenumber
-- from:  line by orderkey
-- joins: ord by orderkey
SELECT
    line.orderkey,
    line.linenumber,
    line.suppkey
FROM line
INNER JOIN ord
    ON ord.orderkey = line.orderkey
WHERE ord.orderstatus = 'F'
    AND line.receiptdate > line.commitdate
    AND EXISTS (
        SELECT 1
        FROM line AS other
        WHERE other.orderkey = line.orderkey
            AND other.suppkey <> line.suppkey
    )
    AND NOT EXISTS (
        SELECT 1
        FROM line AS late
        WHERE late.orderkey = line.orderkey
            AND late.suppkey <> line.suppkey
            AND late.receiptdate > late.commitdate
    );
