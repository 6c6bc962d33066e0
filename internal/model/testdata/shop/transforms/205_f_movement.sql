-- f_movement: what left the shop and what came back.
-- key:   kind, order_no, line
-- from:  order_line
-- joins: d_product by product_no
-- from:  return_line
-- joins: reason by reason
SELECT
    'sale' AS kind,
    order_line.order_no,
    order_line.line,
    order_line.quantity,
    d_product.name AS about
FROM order_line
INNER JOIN d_product
    ON d_product.product_no = order_line.product_no
UNION ALL
SELECT
    'return',
    return_line.order_no,
    return_line.line,
    return_line.quantity,
    CASE WHEN reason.fault > 0 THEN 'our fault' ELSE return_line.reason END
FROM return_line
LEFT JOIN reason
    ON reason.reason = return_line.reason;
