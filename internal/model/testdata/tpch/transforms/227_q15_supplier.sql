-- q15_supplier: the revenue of a supplier (question 15).
-- key:  suppkey
-- from: line by suppkey
SELECT
    suppkey,
    SUM(extendedprice * (1 - discount)) AS revenue
FROM line
WHERE suppkey IS NOT NULL
    AND shipdate >= DATE '1994-01-01'
GROUP BY suppkey;
