-- q15_best: the most revenue of a supplier (question 15).
SELECT MAX(revenue) AS revenue
FROM q15_supplier;
