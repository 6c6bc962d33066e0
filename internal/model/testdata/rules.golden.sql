-- d_customer-unique: d_customer: no customer_id, since twice
SELECT
    d_customer.customer_id,
    d_customer.since,
    COUNT(*) AS copies
FROM d_customer
GROUP BY d_customer.customer_id, d_customer.since
HAVING COUNT(*) > 1
ORDER BY d_customer.customer_id, d_customer.since;

-- in a gate
SELECT
    d_customer.customer_id,
    d_customer.since,
    COUNT(*) AS copies
FROM dwh_scratch.touched AS d_customer
GROUP BY d_customer.customer_id, d_customer.since
HAVING COUNT(*) > 1
ORDER BY d_customer.customer_id, d_customer.since;

-- d_customer-key: d_customer: no NULL in customer_id, since
SELECT
    d_customer.customer_id,
    d_customer.since
FROM d_customer
WHERE d_customer.customer_id IS NULL
    OR d_customer.since IS NULL
ORDER BY d_customer.customer_id, d_customer.since;

-- in a gate
SELECT
    d_customer.customer_id,
    d_customer.since
FROM dwh_scratch.touched AS d_customer
WHERE d_customer.customer_id IS NULL
    OR d_customer.since IS NULL
ORDER BY d_customer.customer_id, d_customer.since;

-- d_address-unique: d_address: no address_id twice
SELECT
    d_address.address_id,
    COUNT(*) AS copies
FROM d_address
GROUP BY d_address.address_id
HAVING COUNT(*) > 1
ORDER BY d_address.address_id;

-- in a gate
SELECT
    d_address.address_id,
    COUNT(*) AS copies
FROM dwh_scratch.touched AS d_address
GROUP BY d_address.address_id
HAVING COUNT(*) > 1
ORDER BY d_address.address_id;

-- d_address-key: d_address: no NULL in address_id
SELECT
    d_address.address_id
FROM d_address
WHERE d_address.address_id IS NULL
ORDER BY d_address.address_id;

-- in a gate
SELECT
    d_address.address_id
FROM dwh_scratch.touched AS d_address
WHERE d_address.address_id IS NULL
ORDER BY d_address.address_id;

-- d_product-unique: d_product: no product, unit twice
SELECT
    d_product.product,
    d_product.unit,
    COUNT(*) AS copies
FROM d_product
GROUP BY d_product.product, d_product.unit
HAVING COUNT(*) > 1
ORDER BY d_product.product, d_product.unit;

-- in a gate
SELECT
    d_product.product,
    d_product.unit,
    COUNT(*) AS copies
FROM dwh_scratch.touched AS d_product
GROUP BY d_product.product, d_product.unit
HAVING COUNT(*) > 1
ORDER BY d_product.product, d_product.unit;

-- d_product-key: d_product: no NULL in product, unit
SELECT
    d_product.product,
    d_product.unit
FROM d_product
WHERE d_product.product IS NULL
    OR d_product.unit IS NULL
ORDER BY d_product.product, d_product.unit;

-- in a gate
SELECT
    d_product.product,
    d_product.unit
FROM dwh_scratch.touched AS d_product
WHERE d_product.product IS NULL
    OR d_product.unit IS NULL
ORDER BY d_product.product, d_product.unit;

-- d_employee-unique: d_employee: no employee_id twice
SELECT
    d_employee.employee_id,
    COUNT(*) AS copies
FROM d_employee
GROUP BY d_employee.employee_id
HAVING COUNT(*) > 1
ORDER BY d_employee.employee_id;

-- in a gate
SELECT
    d_employee.employee_id,
    COUNT(*) AS copies
FROM dwh_scratch.touched AS d_employee
GROUP BY d_employee.employee_id
HAVING COUNT(*) > 1
ORDER BY d_employee.employee_id;

-- d_employee-key: d_employee: no NULL in employee_id
SELECT
    d_employee.employee_id
FROM d_employee
WHERE d_employee.employee_id IS NULL
ORDER BY d_employee.employee_id;

-- in a gate
SELECT
    d_employee.employee_id
FROM dwh_scratch.touched AS d_employee
WHERE d_employee.employee_id IS NULL
ORDER BY d_employee.employee_id;

-- d_employee-boss: d_employee: every boss is in d_employee as employee_id
-- severity: warn
SELECT
    d_employee.boss,
    COUNT(*) OVER (PARTITION BY d_employee.boss) AS rows,
    d_employee.employee_id
FROM d_employee
WHERE d_employee.boss IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM d_employee AS referred WHERE referred.employee_id = d_employee.boss)
ORDER BY d_employee.boss, d_employee.employee_id;

-- in a gate
SELECT
    d_employee.boss,
    COUNT(*) OVER (PARTITION BY d_employee.boss) AS rows,
    d_employee.employee_id
FROM dwh_scratch.touched AS d_employee
WHERE d_employee.boss IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM public.d_employee AS referred WHERE referred.employee_id = d_employee.boss)
ORDER BY d_employee.boss, d_employee.employee_id;

-- orders-unique: orders: no order_id twice
SELECT
    orders.order_id,
    COUNT(*) AS copies
FROM orders
GROUP BY orders.order_id
HAVING COUNT(*) > 1
ORDER BY orders.order_id;

-- in a gate
SELECT
    orders.order_id,
    COUNT(*) AS copies
FROM dwh_scratch.touched AS orders
GROUP BY orders.order_id
HAVING COUNT(*) > 1
ORDER BY orders.order_id;

-- orders-key: orders: no NULL in order_id
SELECT
    orders.order_id
FROM orders
WHERE orders.order_id IS NULL
ORDER BY orders.order_id;

-- in a gate
SELECT
    orders.order_id
FROM dwh_scratch.touched AS orders
WHERE orders.order_id IS NULL
ORDER BY orders.order_id;

-- f_line-unique: f_line: no order_id, line twice
SELECT
    f_line.order_id,
    f_line.line,
    COUNT(*) AS copies
FROM f_line
GROUP BY f_line.order_id, f_line.line
HAVING COUNT(*) > 1
ORDER BY f_line.order_id, f_line.line;

-- in a gate
SELECT
    f_line.order_id,
    f_line.line,
    COUNT(*) AS copies
FROM dwh_scratch.touched AS f_line
GROUP BY f_line.order_id, f_line.line
HAVING COUNT(*) > 1
ORDER BY f_line.order_id, f_line.line;

-- f_line-key: f_line: no NULL in order_id, line
SELECT
    f_line.order_id,
    f_line.line
FROM f_line
WHERE f_line.order_id IS NULL
    OR f_line.line IS NULL
ORDER BY f_line.order_id, f_line.line;

-- in a gate
SELECT
    f_line.order_id,
    f_line.line
FROM dwh_scratch.touched AS f_line
WHERE f_line.order_id IS NULL
    OR f_line.line IS NULL
ORDER BY f_line.order_id, f_line.line;

-- f_line-customer_id: f_line: every customer_id is in d_customer
-- severity: warn
SELECT
    f_line.customer_id,
    COUNT(*) OVER (PARTITION BY f_line.customer_id) AS rows,
    f_line.order_id,
    f_line.line
FROM f_line
WHERE f_line.customer_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM d_customer WHERE d_customer.customer_id = f_line.customer_id)
ORDER BY f_line.customer_id, f_line.order_id, f_line.line;

-- in a gate
SELECT
    f_line.customer_id,
    COUNT(*) OVER (PARTITION BY f_line.customer_id) AS rows,
    f_line.order_id,
    f_line.line
FROM dwh_scratch.touched AS f_line
WHERE f_line.customer_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM public.d_customer AS d_customer WHERE d_customer.customer_id = f_line.customer_id)
ORDER BY f_line.customer_id, f_line.order_id, f_line.line;

-- f_line-bill_to: f_line: every bill_to is in d_address as address_id
-- hint: if d_address may arrive later, write (warn) after refers: d_address by bill_to in 210_f_line.sql
SELECT
    f_line.bill_to,
    COUNT(*) OVER (PARTITION BY f_line.bill_to) AS rows,
    f_line.order_id,
    f_line.line
FROM f_line
WHERE f_line.bill_to IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM d_address WHERE d_address.address_id = f_line.bill_to)
ORDER BY f_line.bill_to, f_line.order_id, f_line.line;

-- in a gate
SELECT
    f_line.bill_to,
    COUNT(*) OVER (PARTITION BY f_line.bill_to) AS rows,
    f_line.order_id,
    f_line.line
FROM dwh_scratch.touched AS f_line
WHERE f_line.bill_to IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM public.d_address AS d_address WHERE d_address.address_id = f_line.bill_to)
ORDER BY f_line.bill_to, f_line.order_id, f_line.line;

-- f_line-ship_to: f_line: every ship_to is in d_address as address_id
-- hint: if d_address may arrive later, write (warn) after refers: d_address by ship_to in 210_f_line.sql
SELECT
    f_line.ship_to,
    COUNT(*) OVER (PARTITION BY f_line.ship_to) AS rows,
    f_line.order_id,
    f_line.line
FROM f_line
WHERE f_line.ship_to IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM d_address WHERE d_address.address_id = f_line.ship_to)
ORDER BY f_line.ship_to, f_line.order_id, f_line.line;

-- in a gate
SELECT
    f_line.ship_to,
    COUNT(*) OVER (PARTITION BY f_line.ship_to) AS rows,
    f_line.order_id,
    f_line.line
FROM dwh_scratch.touched AS f_line
WHERE f_line.ship_to IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM public.d_address AS d_address WHERE d_address.address_id = f_line.ship_to)
ORDER BY f_line.ship_to, f_line.order_id, f_line.line;

-- f_line-product-unit: f_line: every product, unit is in d_product
-- hint: if d_product may arrive later, write (warn) after refers: d_product by product, unit in 210_f_line.sql
SELECT
    f_line.product,
    f_line.unit,
    COUNT(*) OVER (PARTITION BY f_line.product, f_line.unit) AS rows,
    f_line.order_id,
    f_line.line
FROM f_line
WHERE f_line.product IS NOT NULL
    AND f_line.unit IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM d_product WHERE d_product.product = f_line.product AND d_product.unit = f_line.unit)
ORDER BY f_line.product, f_line.unit, f_line.order_id, f_line.line;

-- in a gate
SELECT
    f_line.product,
    f_line.unit,
    COUNT(*) OVER (PARTITION BY f_line.product, f_line.unit) AS rows,
    f_line.order_id,
    f_line.line
FROM dwh_scratch.touched AS f_line
WHERE f_line.product IS NOT NULL
    AND f_line.unit IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM public.d_product AS d_product WHERE d_product.product = f_line.product AND d_product.unit = f_line.unit)
ORDER BY f_line.product, f_line.unit, f_line.order_id, f_line.line;

-- f_line-country: f_line: every country is in country as code
-- hint: if country may arrive later, write (warn) after refers: country by country in 210_f_line.sql
SELECT
    f_line.country,
    COUNT(*) OVER (PARTITION BY f_line.country) AS rows,
    f_line.order_id,
    f_line.line
FROM f_line
WHERE f_line.country IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM country WHERE country.code = f_line.country)
ORDER BY f_line.country, f_line.order_id, f_line.line;

-- in a gate
SELECT
    f_line.country,
    COUNT(*) OVER (PARTITION BY f_line.country) AS rows,
    f_line.order_id,
    f_line.line
FROM dwh_scratch.touched AS f_line
WHERE f_line.country IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM public.country AS country WHERE country.code = f_line.country)
ORDER BY f_line.country, f_line.order_id, f_line.line;

-- f_line-order_id: f_line: every order_id is in orders
-- hint: if orders may arrive later, write (warn) after refers: orders by order_id in 210_f_line.sql
SELECT
    f_line.order_id,
    COUNT(*) OVER (PARTITION BY f_line.order_id) AS rows,
    f_line.line
FROM f_line
WHERE f_line.order_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM orders WHERE orders.order_id = f_line.order_id)
ORDER BY f_line.order_id, f_line.line;

-- in a gate
SELECT
    f_line.order_id,
    COUNT(*) OVER (PARTITION BY f_line.order_id) AS rows,
    f_line.line
FROM dwh_scratch.touched AS f_line
WHERE f_line.order_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM public.orders AS orders WHERE orders.order_id = f_line.order_id)
ORDER BY f_line.order_id, f_line.line;

-- f_line-order: f_line: every order is in orders as order_id
-- hint: if orders may arrive later, write (warn) after refers: orders by order in 210_f_line.sql
SELECT
    f_line."order",
    COUNT(*) OVER (PARTITION BY f_line."order") AS rows,
    f_line.order_id,
    f_line.line
FROM f_line
WHERE f_line."order" IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM orders WHERE orders.order_id = f_line."order")
ORDER BY f_line."order", f_line.order_id, f_line.line;

-- in a gate
SELECT
    f_line."order",
    COUNT(*) OVER (PARTITION BY f_line."order") AS rows,
    f_line.order_id,
    f_line.line
FROM dwh_scratch.touched AS f_line
WHERE f_line."order" IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM public.orders AS orders WHERE orders.order_id = f_line."order")
ORDER BY f_line."order", f_line.order_id, f_line.line;

-- the rules of d_employee together
SELECT COUNT(*) AS broken
FROM d_employee
LEFT JOIN d_employee AS referred_2 ON referred_2.employee_id = d_employee.boss
WHERE d_employee.employee_id IS NULL
    OR d_employee.boss IS NOT NULL AND referred_2.employee_id IS NULL;

-- the rules of d_employee together
SELECT COUNT(*) AS broken
FROM dwh_scratch.touched AS d_employee
LEFT JOIN public.d_employee AS referred_2 ON referred_2.employee_id = d_employee.boss
WHERE d_employee.employee_id IS NULL
    OR d_employee.boss IS NOT NULL AND referred_2.employee_id IS NULL;

-- the rules of f_line together
SELECT COUNT(*) AS broken
FROM f_line
LEFT JOIN (SELECT DISTINCT customer_id FROM d_customer) AS referred_2 ON referred_2.customer_id = f_line.customer_id
LEFT JOIN d_address AS referred_3 ON referred_3.address_id = f_line.bill_to
LEFT JOIN d_address AS referred_4 ON referred_4.address_id = f_line.ship_to
LEFT JOIN d_product AS referred_5 ON referred_5.product = f_line.product AND referred_5.unit = f_line.unit
LEFT JOIN country AS referred_6 ON referred_6.code = f_line.country
LEFT JOIN orders AS referred_7 ON referred_7.order_id = f_line.order_id
LEFT JOIN orders AS referred_8 ON referred_8.order_id = f_line."order"
WHERE f_line.order_id IS NULL
    OR f_line.line IS NULL
    OR f_line.customer_id IS NOT NULL AND referred_2.customer_id IS NULL
    OR f_line.bill_to IS NOT NULL AND referred_3.address_id IS NULL
    OR f_line.ship_to IS NOT NULL AND referred_4.address_id IS NULL
    OR f_line.product IS NOT NULL AND f_line.unit IS NOT NULL AND referred_5.product IS NULL
    OR f_line.country IS NOT NULL AND referred_6.code IS NULL
    OR f_line.order_id IS NOT NULL AND referred_7.order_id IS NULL
    OR f_line."order" IS NOT NULL AND referred_8.order_id IS NULL;

-- the rules of f_line together
SELECT COUNT(*) AS broken
FROM dwh_scratch.touched AS f_line
LEFT JOIN public.d_address AS referred_2 ON referred_2.address_id = f_line.bill_to
LEFT JOIN public.d_address AS referred_3 ON referred_3.address_id = f_line.ship_to
LEFT JOIN public.d_product AS referred_4 ON referred_4.product = f_line.product AND referred_4.unit = f_line.unit
LEFT JOIN public.country AS referred_5 ON referred_5.code = f_line.country
LEFT JOIN public.orders AS referred_6 ON referred_6.order_id = f_line.order_id
LEFT JOIN public.orders AS referred_7 ON referred_7.order_id = f_line."order"
WHERE f_line.order_id IS NULL
    OR f_line.line IS NULL
    OR f_line.bill_to IS NOT NULL AND referred_2.address_id IS NULL
    OR f_line.ship_to IS NOT NULL AND referred_3.address_id IS NULL
    OR f_line.product IS NOT NULL AND f_line.unit IS NOT NULL AND referred_4.product IS NULL
    OR f_line.country IS NOT NULL AND referred_5.code IS NULL
    OR f_line.order_id IS NOT NULL AND referred_6.order_id IS NULL
    OR f_line."order" IS NOT NULL AND referred_7.order_id IS NULL;

-- staging
SELECT
    waiting.table_name,
    waiting.unprocessed
FROM (
    SELECT 's_order' AS table_name, COUNT(*) AS unprocessed FROM s_order WHERE NOT processed
    UNION ALL
    SELECT 's_return' AS table_name, COUNT(*) AS unprocessed FROM s_return WHERE NOT processed
) AS waiting
WHERE waiting.unprocessed > 0
ORDER BY waiting.table_name;
