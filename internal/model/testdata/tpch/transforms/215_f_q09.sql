-- f_q09: what a nation's suppliers earned in a year with green parts (question 9).
-- key:  nation, year
-- from: year_sale by supp_nation as nation, year
SELECT
    supp_nation AS nation,
    year,
    SUM(revenue - cost) AS profit
FROM year_sale
WHERE name LIKE '%green%'
    AND supp_nation IS NOT NULL
GROUP BY supp_nation, year;
