-- f_payer: one row per place that pays for orders.
-- key:  payer
-- pick: quantity DESC
-- from: purchase
SELECT
    bill_to AS payer,
    altogether(quantity) AS quantity
FROM purchase
WHERE bill_to IS NOT NULL
GROUP BY bill_to;

-- wrong: from: purchase
