-- d_customer: one row per period in which a customer's segment stayed the same (type 2).
-- key:  customer_id, valid_from
-- from: customer_state by customer_id
SELECT
    customer_id,
    changed_at AS valid_from,
    LEAD(changed_at) OVER (PARTITION BY customer_id ORDER BY changed_at) AS valid_to,
    name,
    segment
FROM (
    SELECT
        customer_id, changed_at, name, segment,
        LAG(segment) OVER (PARTITION BY customer_id ORDER BY changed_at) AS before
    FROM customer_state
) AS state
WHERE before IS NULL
    OR segment <> before;
