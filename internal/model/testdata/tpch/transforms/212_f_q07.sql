-- f_q07: what nations ship to each other in a year (question 7).
-- key:  supp_nation, cust_nation, year
-- from: trade by supp_nation, cust_nation, year
SELECT
    supp_nation,
    cust_nation,
    year,
    SUM(revenue) AS revenue
FROM trade
GROUP BY supp_nation, cust_nation, year;
