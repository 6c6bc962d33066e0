-- f_q06: what fewer discounts would give (question 6).
-- key: id
SELECT
    1 AS id,
    SUM(revenue) AS revenue
FROM q06_month
WHERE month >= DATE '1994-01-01';
