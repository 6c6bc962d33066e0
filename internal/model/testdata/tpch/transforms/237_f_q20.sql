-- f_q20: suppliers with such offers (question 20).
-- key:   suppkey
-- from:  supp_land
-- joins: q20_offer by suppkey
SELECT
    suppkey,
    name
FROM supp_land
WHERE nation = 'FRANCE'
    AND suppkey IN (SELECT q20_offer.suppkey FROM q20_offer);
