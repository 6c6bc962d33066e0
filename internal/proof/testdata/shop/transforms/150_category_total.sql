-- category_total: one row per category with orders.
-- key:  category
-- from: sold by category
SELECT
    category,
    COUNT(*) AS orders,
    SUM(quantity) AS quantity
FROM sold
GROUP BY category;
