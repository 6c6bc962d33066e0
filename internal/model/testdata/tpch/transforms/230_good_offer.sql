-- good_offer: an offer of a supplier of whom nobody complains (question 16).
-- key:   partkey, suppkey
-- from:  offer
-- joins: item by partkey
-- joins: supp by suppkey
SELECT
    offer.partkey,
    offer.suppkey,
    item.brand,
    item.type,
    item.size
FROM offer
INNER JOIN item
    ON item.partkey = offer.partkey
WHERE item.brand <> 'Brand#2'
    AND item.type IS NOT NULL
    AND item.size IS NOT NULL
    AND NOT EXISTS (
        SELECT 1
        FROM supp
        WHERE supp.suppkey = offer.suppkey
            AND supp.comment LIKE '%Complaints%'
    );
