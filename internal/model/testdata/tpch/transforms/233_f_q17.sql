-- f_q17: what small orders cost in a year (question 17).
-- key: id
SELECT
    1 AS id,
    SUM(price) / 7.0 AS yearly
FROM q17_part;
