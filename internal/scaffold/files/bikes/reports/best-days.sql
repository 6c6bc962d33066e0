-- The days with the highest fees.
-- title: Best days
-- param: limit 3 how many days
-- chart: bar x=day y=fees
SELECT
    day,
    SUM(rides) AS rides,
    SUM(fees) AS fees
FROM f_day
GROUP BY day
ORDER BY fees DESC, day
LIMIT :'limit';
