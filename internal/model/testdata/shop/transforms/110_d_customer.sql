-- d_customer: one row per customer, as delivered last.
-- key:  customer_no
-- pick: updated DESC, name
-- from: customer
-- left joins: segment by segment
SELECT
    customer.customer_no,
    customer.name,
    customer.segment,
    segment.title,
    customer.updated
FROM customer
LEFT JOIN segment
    ON segment.segment = customer.segment;
