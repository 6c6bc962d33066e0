-- customer: a delivered customer, without blanks at the ends of texts. A bag.
-- from: s_customer
SELECT
    customer_no,
    RTRIM(name) AS name,
    RTRIM(segment) AS segment,
    updated
FROM s_customer
WHERE customer_no IS NOT NULL;
