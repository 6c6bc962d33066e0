-- f_q05: what suppliers sold in their own nation (question 5).
-- key:  nation
-- from: sale by supp_nation as nation
SELECT
    supp_nation AS nation,
    SUM(revenue) AS revenue
FROM sale
WHERE supp_nation IS NOT NULL
    AND supp_region = 'EUROPE'
    AND nationkey = supp_nationkey
GROUP BY supp_nation;
