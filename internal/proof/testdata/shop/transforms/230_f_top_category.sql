-- f_top_category: one row per category among the two that sell most.
-- key: category
SELECT
    category,
    quantity
FROM category_total
ORDER BY
    quantity DESC,
    category
LIMIT 2;
