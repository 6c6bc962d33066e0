-- q11_total: the value of all stock in France (question 11).
SELECT SUM(value) AS value
FROM q11_part;
