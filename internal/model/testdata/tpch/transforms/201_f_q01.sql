-- f_q01: pricing summary (question 1).
-- key:  returnflag, linestatus
-- from: line by returnflag, linestatus
SELECT
    returnflag,
    linestatus,
    SUM(quantity) AS quantity,
    SUM(extendedprice * (1 - discount)) AS price,
    SUM(extendedprice * (1 - discount) * (1 + tax)) AS charge,
    AVG(quantity) AS average,
    COUNT(*) AS lines
FROM line
WHERE shipdate <= DATE '1998-09-02'
    AND returnflag IS NOT NULL
    AND linestatus IS NOT NULL
GROUP BY returnflag, linestatus;
