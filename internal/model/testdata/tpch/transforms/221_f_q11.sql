-- f_q11: parts that are much of the stock (question 11).
-- key:   partkey
-- from:  q11_part
-- joins: q11_total
SELECT
    q11_part.partkey,
    q11_part.value
FROM q11_part
CROSS JOIN q11_total
WHERE q11_part.value > q11_total.value * 0.3;
