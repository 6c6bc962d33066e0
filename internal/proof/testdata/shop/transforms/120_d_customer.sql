-- d_customer: one row per customer and time from which something was so.
-- key:   customer_id, valid_from
-- pick:  name, percent
-- from:  state by customer_id
-- joins: grade_discount by grade
SELECT
    state.customer_id,
    state.changed_at AS valid_from,
    MIN(later.changed_at) AS valid_to,
    state.name,
    discount.percent
FROM state
LEFT JOIN state AS later
    ON later.customer_id = state.customer_id
    AND later.changed_at > state.changed_at
LEFT JOIN grade_discount AS discount
    ON discount.grade = state.grade
GROUP BY
    state.customer_id,
    state.changed_at,
    state.name,
    discount.percent;
