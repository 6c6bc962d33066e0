-- f_q08: a nation's share of Europe's market in a year (question 8).
-- key:  year
-- from: year_sale by year
SELECT
    year,
    SUM(CASE WHEN supp_nation = 'FRANCE' THEN revenue ELSE 0 END) / NULLIF(SUM(revenue), 0) AS share
FROM year_sale
WHERE region = 'EUROPE'
    AND type = 'PROMO TIN'
GROUP BY year;
