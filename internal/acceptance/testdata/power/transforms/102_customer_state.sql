-- customer_state: what is known of a customer from one moment on.
-- key:  customer_id, changed_at
-- pick: version DESC
-- from: s_customer
SELECT RTRIM(customer_id) AS customer_id, changed_at, RTRIM(name) AS name,
    RTRIM(segment) AS segment, version
FROM s_customer
WHERE RTRIM(customer_id) <> ''
    AND changed_at IS NOT NULL;
