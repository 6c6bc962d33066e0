-- f_q10: from whom most came back (question 10).
-- key: custkey
SELECT
    custkey,
    name,
    nation,
    revenue
FROM q10_customer
ORDER BY revenue DESC NULLS LAST, custkey
LIMIT 2;
