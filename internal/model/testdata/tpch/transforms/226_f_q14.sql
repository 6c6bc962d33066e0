-- f_q14: the share of promotions in a month (question 14).
-- key:  month
-- from: month_line by month
SELECT
    month,
    SUM(CASE WHEN type LIKE 'PROMO%' THEN extendedprice * (1 - discount) ELSE 0 END)
        / NULLIF(SUM(extendedprice * (1 - discount)), 0) AS share
FROM month_line
GROUP BY month;
