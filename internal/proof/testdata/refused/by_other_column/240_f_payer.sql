-- f_payer: one row per place that pays for orders.
-- key:  payer
-- from: purchase by ship_to as payer
SELECT
    bill_to AS payer,
    SUM(quantity) AS quantity
FROM purchase
WHERE bill_to IS NOT NULL
GROUP BY bill_to;

-- wrong: from: purchase by ship_to as payer
