-- category_total: one row per category with orders.
-- key:  category
-- from: sold by category
SELECT
    category,
    COUNT(*) AS orders,
    SUM(SUM(quantity)) OVER () AS quantity
FROM sold
GROUP BY category;

-- wrong: from: sold by category
