-- f_q15: the suppliers with the most revenue (question 15).
-- key:   suppkey
-- from:  q15_supplier
-- joins: q15_best
-- joins: supp by suppkey
SELECT
    q15_supplier.suppkey,
    supp.name,
    q15_supplier.revenue
FROM q15_supplier
INNER JOIN supp
    ON supp.suppkey = q15_supplier.suppkey
INNER JOIN q15_best
    ON q15_best.revenue = q15_supplier.revenue;
