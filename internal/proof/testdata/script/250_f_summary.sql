-- f_summary: one row, with counts.
-- script
-- reads: f_order
-- writes: f_summary
DELETE FROM f_summary;
INSERT INTO f_summary (summary, orders, customers)
SELECT
    'all' AS summary,
    COUNT(*) AS orders,
    COUNT(DISTINCT customer_id) AS customers
FROM f_order;
