-- d_idle_customer: one row per customer who has ordered nothing.
-- key:   customer_id
-- from:  state
-- joins: purchase by customer_id, order_id = customer_id
SELECT DISTINCT state.customer_id
FROM state
WHERE NOT EXISTS (
    SELECT 1
    FROM purchase
    WHERE purchase.customer_id = state.customer_id
        AND purchase.order_id = purchase.order_id
);

-- wrong: joins: purchase by customer_id, order_id = customer_id
