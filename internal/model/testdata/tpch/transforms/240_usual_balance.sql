-- usual_balance: what customers have on average, of those who have something (question 22).
SELECT AVG(acctbal) AS acctbal
FROM cust
WHERE acctbal > 0;
