-- f_q02: the cheapest suppliers of a part in Europe (question 2).
-- key:   partkey, suppkey
-- from:  offer by partkey
-- joins: item by partkey
-- joins: supp_land by suppkey
-- joins: supp_land by suppkey
SELECT
    offer.partkey,
    offer.suppkey,
    s.name,
    s.nation,
    offer.supplycost
FROM offer
INNER JOIN item
    ON item.partkey = offer.partkey
INNER JOIN supp_land AS s
    ON s.suppkey = offer.suppkey
WHERE item.size > 1
    AND s.region = 'EUROPE'
    AND offer.supplycost = (
        SELECT MIN(other.supplycost)
        FROM offer AS other
        INNER JOIN supp_land AS theirs
            ON theirs.suppkey = other.suppkey
        WHERE other.partkey = offer.partkey
            AND theirs.region = 'EUROPE'
    );
