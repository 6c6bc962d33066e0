-- state: a customer as a message told it, with the grade trimmed.
-- from: s_customer
SELECT
    customer_id,
    changed_at,
    RTRIM(name) AS name,
    RTRIM(grade) AS grade
FROM s_customer
WHERE customer_id IS NOT NULL
    AND changed_at IS NOT NULL;
