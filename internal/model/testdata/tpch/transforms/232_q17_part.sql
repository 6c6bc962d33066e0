-- q17_part: what small orders of a part cost (question 17).
-- key:   partkey
-- from:  line by partkey
-- joins: item by partkey
SELECT
    line.partkey,
    SUM(line.extendedprice) AS price
FROM line
INNER JOIN item
    ON item.partkey = line.partkey
INNER JOIN (
    SELECT
        partkey,
        AVG(quantity) AS quantity
    FROM line
    GROUP BY partkey
) AS usual
    ON usual.partkey = line.partkey
WHERE item.brand = 'Brand#1'
    AND line.quantity < 0.8 * usual.quantity
GROUP BY line.partkey;
