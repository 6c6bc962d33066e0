-- f_q22: such customers by country (question 22).
-- key:  code
-- from: rich by code
SELECT
    code,
    COUNT(*) AS customers,
    SUM(acctbal) AS balance
FROM rich
WHERE code IS NOT NULL
GROUP BY code;
