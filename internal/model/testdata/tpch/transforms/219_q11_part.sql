-- q11_part: the value of a part's stock in France (question 11).
-- key:   partkey
-- from:  offer by partkey
-- joins: supp_land by suppkey
SELECT
    offer.partkey,
    SUM(offer.supplycost * offer.availqty) AS value
FROM offer
INNER JOIN supp_land
    ON supp_land.suppkey = offer.suppkey
WHERE supp_land.nation = 'FRANCE'
GROUP BY offer.partkey;
