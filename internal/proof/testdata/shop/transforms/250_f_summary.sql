-- f_summary: one row, with counts.
-- key: summary
SELECT
    'all' AS summary,
    COUNT(*) AS orders,
    COUNT(DISTINCT customer_id) AS customers
FROM f_order;
