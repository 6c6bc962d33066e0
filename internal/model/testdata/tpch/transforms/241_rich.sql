-- rich: a customer with much money who orders nothing (question 22).
-- key:   custkey
-- from:  cust
-- joins: ord by custkey
-- joins: usual_balance
SELECT
    cust.custkey,
    SUBSTRING(cust.phone FROM 1 FOR 2) AS code,
    cust.acctbal
FROM cust
CROSS JOIN usual_balance
WHERE cust.acctbal > usual_balance.acctbal
    AND NOT EXISTS (
        SELECT 1
        FROM ord
        WHERE ord.custkey = cust.custkey
    );
