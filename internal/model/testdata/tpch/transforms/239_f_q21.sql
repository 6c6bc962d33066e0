-- f_q21: for how many orders a supplier was waited (question 21).
-- key:   suppkey
-- from:  waiting by suppkey
-- joins: supp by suppkey
SELECT
    waiting.suppkey,
    supp.name,
    COUNT(*) AS waiting
FROM waiting
INNER JOIN supp
    ON supp.suppkey = waiting.suppkey
GROUP BY waiting.suppkey, supp.name;
