-- f_q19: discounted revenue of some parts (question 19).
-- key: id
SELECT
    1 AS id,
    SUM(discounted) AS revenue
FROM q06_month;
