-- q20_offer: an offer of which more is there than was sold (question 20).
-- key:   partkey, suppkey
-- from:  offer
-- joins: item by partkey
-- joins: line by partkey, suppkey
SELECT
    offer.partkey,
    offer.suppkey
FROM offer
INNER JOIN item
    ON item.partkey = offer.partkey
WHERE item.name LIKE 'forest%'
    AND offer.availqty > (
        SELECT 0.5 * SUM(line.quantity)
        FROM line
        WHERE line.partkey = offer.partkey
            AND line.suppkey = offer.suppkey
    );
