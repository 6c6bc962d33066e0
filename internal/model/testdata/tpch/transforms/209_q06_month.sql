-- q06_month: sums of a month, for questions 6, 14 and 19.
-- key:  month
-- from: month_line by month
SELECT
    month,
    SUM(CASE
        WHEN discount BETWEEN 0.05 AND 0.07 AND quantity < 24 THEN extendedprice * discount
    END) AS revenue,
    SUM(CASE WHEN type LIKE 'PROMO%' THEN extendedprice * (1 - discount) ELSE 0 END) AS promo,
    SUM(CASE
        WHEN brand = 'Brand#1' AND container = 'SM BOX' THEN extendedprice * (1 - discount)
    END) AS discounted
FROM month_line
GROUP BY month;
