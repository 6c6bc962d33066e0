-- f_q16: how many suppliers offer such parts (question 16).
-- key:  brand, type, size
-- from: good_offer by brand, type, size
SELECT
    brand,
    type,
    size,
    COUNT(DISTINCT suppkey) AS suppliers
FROM good_offer
GROUP BY brand, type, size;
