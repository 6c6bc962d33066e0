-- f_total: one row for the whole shop.
-- key: id
SELECT
    1 AS id,
    COUNT(*) AS line_count,
    SUM(amount) AS amount
FROM f_line;
