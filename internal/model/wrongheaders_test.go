package model_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// rightMigration and rightModels are a project without a fault, which each of wrongHeaders edits.
const rightMigration = `CREATE TABLE s_order (order_no INTEGER, customer_no INTEGER, day INTEGER, amount INTEGER, at TIMESTAMP,
    note VARCHAR(40), object VARCHAR(20), processed BOOLEAN DEFAULT FALSE NOT NULL);
CREATE TABLE s_refund (order_no INTEGER, customer_no INTEGER, amount INTEGER, processed BOOLEAN DEFAULT FALSE NOT NULL);
CREATE TABLE s_customer (customer_no INTEGER, name VARCHAR(40), since INTEGER,
    processed BOOLEAN DEFAULT FALSE NOT NULL);
CREATE TABLE d_customer (customer_no INTEGER PRIMARY KEY, name VARCHAR(40), since INTEGER);
CREATE TABLE f_order (order_no INTEGER PRIMARY KEY, customer_no INTEGER, amount INTEGER, name VARCHAR(40),
    loaded TIMESTAMP DEFAULT '2024-01-01');
CREATE TABLE f_customer (customer_no INTEGER PRIMARY KEY, amount INTEGER, refunds INTEGER);
CREATE TABLE f_both (kind VARCHAR(6), order_no INTEGER, amount INTEGER, PRIMARY KEY (kind, order_no));
CREATE TABLE f_best (customer_no INTEGER PRIMARY KEY, amount INTEGER);
CREATE TABLE f_day (day DATE PRIMARY KEY, amount INTEGER);
CREATE TABLE f_idle (customer_no INTEGER PRIMARY KEY, name VARCHAR(40));`

var rightModels = map[string]string{
	"101_refund": `-- refund: what was paid back of an order.
-- key:  order_no
-- from: s_refund by order_no
SELECT
    order_no,
    SUM(amount) AS amount
FROM s_refund
WHERE order_no IS NOT NULL
GROUP BY order_no;
`,
	"110_d_customer": `-- d_customer: one row per customer.
-- key:  customer_no
-- pick: since DESC, name
-- from: s_customer
SELECT
    customer_no,
    RTRIM(name) AS name,
    since
FROM s_customer
WHERE customer_no IS NOT NULL;
`,
	"111_order_day": `-- order_day: an order with its day. A bag.
-- from: s_order
SELECT
    CAST(at AS DATE) AS day,
    at,
    amount
FROM s_order
WHERE at IS NOT NULL;
`,
	"210_f_order": `-- f_order: one row per order.
-- key:  order_no
-- pick: day DESC
-- from: s_order
-- left joins: d_customer by customer_no
-- joins: refund by order_no
SELECT
    o.order_no,
    o.customer_no,
    o.amount,
    c.name,
    o.day
FROM s_order AS o
LEFT JOIN d_customer AS c
    ON c.customer_no = o.customer_no
LEFT JOIN refund AS r
    ON r.order_no = o.order_no
WHERE o.order_no IS NOT NULL
    AND COALESCE(r.amount, 0) < 100;
`,
	"220_f_customer": `-- f_customer: one row per customer with orders.
-- key:  customer_no
-- from: f_order by customer_no
-- from: s_refund by customer_no
SELECT
    customer_no,
    SUM(amount) AS amount,
    SUM(refunds) AS refunds
FROM (
    SELECT customer_no, amount, 0 AS refunds FROM f_order
    UNION ALL
    SELECT customer_no, 0, amount FROM s_refund
) AS both_ways
WHERE customer_no IS NOT NULL
GROUP BY customer_no;
`,
	"230_f_both": `-- f_both: orders and refunds.
-- key:  kind, order_no
-- pick: amount DESC
-- from: s_order
-- joins: d_customer by customer_no
-- from: refund
SELECT
    'order' AS kind,
    s_order.order_no,
    s_order.amount
FROM s_order
INNER JOIN d_customer
    ON d_customer.customer_no = s_order.customer_no
WHERE s_order.order_no IS NOT NULL
UNION ALL
SELECT
    'refund',
    order_no,
    amount
FROM refund;
`,
	"240_f_best": `-- f_best: the best customers.
-- key: customer_no
SELECT
    customer_no,
    amount
FROM f_customer
ORDER BY amount DESC NULLS LAST, customer_no
LIMIT 3;
`,
	"250_f_day": `-- f_day: one row per day.
-- key:  day
-- from: order_day by day
SELECT
    day,
    SUM(amount) AS amount
FROM order_day
GROUP BY day;
`,
	"260_f_idle": `-- f_idle: customers without orders.
-- key:   customer_no
-- from:  d_customer
-- joins: s_order by customer_no
SELECT
    customer_no,
    name
FROM d_customer
WHERE NOT EXISTS (
    SELECT 1
    FROM s_order
    WHERE s_order.customer_no = d_customer.customer_no
);
`,
}

// wrongHeaders are small edits of rightModels, with the error that each gives. The position is that
// of the file.
var wrongHeaders = []struct {
	file, old, new string
	want           string // the error with its position
	hint           string // part of what to write instead
}{
	{
		"110_d_customer",
		"-- d_customer: one",
		"-- customer: one",
		"110_d_customer.sql:1:1: the first line must say what one row of d_customer is",
		"begin the file with -- d_customer:",
	},
	{
		"110_d_customer",
		"-- pick:",
		"-- pik:",
		`110_d_customer.sql:3:1: unknown word "pik:" in the header`,
		`did you mean "pick:"?`,
	},
	{
		"110_d_customer",
		"-- from:",
		"-- reads: s_customer\n-- from:",
		"110_d_customer.sql:4:1: reads: is not needed, because dwh reads the SELECT",
		"remove the line",
	},
	{
		"250_f_day",
		"-- key:  day\n",
		"",
		"250_f_day.sql:1:1: f_day is stored, but its header has no key:",
		"-- key: day",
	},
	{
		"250_f_day",
		"-- key:  day",
		"-- key:  day, amount",
		"250_f_day.sql:2:1: key: names day, amount, but the primary key of f_day is day",
		"PRIMARY KEY (day, amount)",
	},
	{"110_d_customer", "-- key:  customer_no\n", "", "110_d_customer.sql:2:1: pick: without key:", "-- key: a, b"},
	{
		"110_d_customer",
		"-- key:  customer_no",
		"-- key:  customer",
		"110_d_customer.sql:2:1: key: names customer, but the SELECT has no such column",
		"the columns are: customer_no",
	},
	{
		"110_d_customer",
		"since DESC, name",
		"since DESC, nam",
		"110_d_customer.sql:3:1: pick: names nam, but the SELECT has no such column",
		"the columns are: customer_no",
	},
	{
		"110_d_customer",
		"since DESC, name",
		"since DOWN",
		`110_d_customer.sql:3:1: pick: "since DOWN" is not a column with DESC or ASC`,
		"-- pick: a DESC, b",
	},
	{
		"110_d_customer",
		"since DESC, name",
		"customer_no",
		"110_d_customer.sql:3:1: pick: names customer_no, which is part of the key",
		"rows that compete have the same key: remove the",
	},
	{
		"110_d_customer",
		"-- from: s_customer",
		"-- from: s_custome",
		"110_d_customer.sql:4:1: the header names s_custome, but the SELECT does not",
		"the SELECT names s_customer",
	},
	{
		"110_d_customer",
		"-- from: s_customer",
		"-- from: s_customer\n-- from: s_customer",
		"110_d_customer.sql:5:1: from: s_customer is given twice",
		"give the relation a second name with a helper",
	},
	{
		"110_d_customer",
		"    since\n",
		"    since,\n    COUNT(*) OVER () AS copies\n",
		"110_d_customer.sql:9:5: table d_customer has no column copies, and pick: does not name the column either",
		"ALTER TABLE d_customer ADD COLUMN copies",
	},
	{
		"110_d_customer",
		"    RTRIM(name) AS name,\n    since\n",
		"    RTRIM(name) AS name\n",
		"110_d_customer.sql:3:1: pick: names since, but the SELECT has no such column",
		"the columns are",
	},
	{
		"110_d_customer",
		"-- pick: since DESC, name\n-- from: s_customer\nSELECT\n    customer_no,\n" +
			"    RTRIM(name) AS name,\n    since\n",
		"-- from: s_customer\nSELECT\n    customer_no,\n    RTRIM(name) AS name\n",
		"110_d_customer.sql:4:1: table d_customer has the column since, but the SELECT does not return it",
		"add it to the SELECT, or give the column a default",
	},
	{
		"110_d_customer",
		"    customer_no,\n    RTRIM(name) AS name,\n    since\n",
		"    *\n",
		"110_d_customer.sql:6:5: SELECT * does not say which columns a model has",
		"name each column",
	},
	{
		"110_d_customer",
		"    since\n",
		"    MAX(since) AS since\n",
		"110_d_customer.sql:8:5: the aggregate MAX needs several rows of from:",
		"group by group",
	},
	{
		"110_d_customer",
		"    since\n",
		"    MAX(since) OVER (PARTITION BY customer_no) AS since\n",
		"110_d_customer.sql:8:5: the window function MAX needs several rows of from:",
		"group by group",
	},
	{
		"110_d_customer",
		"IS NOT NULL;",
		"IS NOT NULL\n    AND EXISTS (SELECT MAX(x.since) FROM s_customer AS x WHERE x.since > " +
			"s_customer.since);",
		"110_d_customer.sql:11:42: the SELECT reads s_customer twice, but a row-by-row model computes its rows " +
			"from one row of from: alone",
		"group by group",
	},
	{
		"110_d_customer",
		"    since\n",
		"    CAST(EXTRACT(year FROM now()) AS INTEGER) AS since\n",
		"110_d_customer.sql:8:28: the value of NOW changes with time or session",
		"a replay would give different rows: take the",
	},
	{
		"110_d_customer",
		"IS NOT NULL;",
		"IS NOT NULL AND NOT processed;",
		"110_d_customer.sql:10:39: s_customer has no column processed that a model may read",
		"dwh handles this flag itself: write the model",
	},
	{
		"110_d_customer",
		"IS NOT NULL;",
		"IS NOT NULL;\n\nDELETE FROM d_customer;",
		"110_d_customer.sql:12:1: a second statement",
		"a transform is one SELECT: put the second",
	},
	{
		"110_d_customer",
		"SELECT\n",
		"INSERT INTO d_customer\nSELECT\n",
		"110_d_customer.sql:5:1: a transform is one SELECT, and this is an INSERT",
		"keep only the SELECT, with a header; dwh",
	},
	{
		"110_d_customer",
		"SELECT\n",
		"SELECT DISTINCT ON (customer_no)\n",
		"110_d_customer.sql:5:1: DISTINCT ON needs several rows of from:",
		"-- key: and -- pick:",
	},
	{
		"110_d_customer",
		"FROM s_customer",
		"FROM s_customer AS t (a, b, c)",
		"110_d_customer.sql:9:6: s_customer has a list of column names",
		"name the columns in the SELECT",
	},
	{
		"110_d_customer",
		"SELECT\n",
		"WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 2)\nSELECT\n",
		"110_d_customer.sql:5:16: WITH RECURSIVE in a model that is computed in parts",
		"computed whole",
	},
	{
		"110_d_customer",
		"IS NOT NULL;",
		"IS NOT NULL\nLIMIT 5;",
		"110_d_customer.sql:11:1: LIMIT cannot be used in a model that is computed in parts",
		"remove from:, so that the model is computed",
	},
	{
		"210_f_order",
		"-- left joins: d_customer by customer_no\n",
		"",
		"210_f_order.sql:13:11: the SELECT reads d_customer, but no header line names it",
		"-- joins: d_customer by ...",
	},
	{
		"210_f_order",
		"-- left joins: d_customer by customer_no",
		"-- left joins: d_customer by customer",
		"210_f_order.sql:5:1: d_customer has no column customer",
		"its columns are: customer_no",
	},
	{
		"210_f_order",
		"-- left joins: d_customer by customer_no",
		"-- left joins: d_customer by customer_no = customer",
		"210_f_order.sql:5:1: s_order has no column customer",
		"by a = c equates",
	},
	{
		"210_f_order",
		"-- left joins: d_customer by customer_no",
		"-- left joins: d_customer by customer_no, since = day",
		"210_f_order.sql:5:1: by names since, but the SELECT does not join d_customer by that column",
		"remove the column, or add it to ON",
	},
	{
		"210_f_order",
		"-- left joins: d_customer by customer_no",
		"-- left joins: d_customer by customer_no = order_no",
		"210_f_order.sql:5:1: by compares customer_no of d_customer with order_no of s_order, but the SELECT " +
			"compares it with customer_no of s_order",
		"by can only name columns of from:; join the",
	},
	{
		"210_f_order",
		"-- left joins: d_customer by customer_no",
		"-- left joins: d_customer by customer_no, customer_no = day",
		`210_f_order.sql:5:1: left joins: "customer_no = day" names a column that is already in the list`,
		"-- left joins: lookup by a, b = c",
	},
	{
		"210_f_order",
		"-- joins: refund by order_no",
		"-- left joins: refund by order_no",
		"210_f_order.sql:19:18: refund is named by left joins:, but it is used in WHERE",
		"a lookup that decides which rows exist, their",
	},
	{
		"210_f_order",
		"LEFT JOIN d_customer",
		"INNER JOIN d_customer",
		"210_f_order.sql:14:12: d_customer is named by left joins:, but it is used in INNER JOIN",
		"a lookup that decides which rows exist, their",
	},
	{
		"210_f_order",
		"    o.day\n",
		"    c.since AS day\n",
		"210_f_order.sql:12:5: d_customer is named by left joins:, but it is used in column day of the key or pick",
		"a lookup that decides which rows exist, their",
	},
	{
		"210_f_order",
		"    o.order_no,\n",
		"    c.customer_no AS order_no,\n",
		"210_f_order.sql:8:5: d_customer is named by left joins:, but it is used in column order_no of the key or pick",
		"a lookup that decides which rows exist, their",
	},
	{
		"210_f_order",
		"LEFT JOIN refund",
		"FULL JOIN refund",
		"210_f_order.sql:16:11: FULL JOIN returns rows without a row of from:",
		"LEFT JOIN with from: on the left",
	},
	{
		"210_f_order",
		"FROM s_order AS o\nLEFT JOIN d_customer AS c\n    ON c.customer_no = o.customer_no\n",
		"FROM d_customer AS c\nRIGHT JOIN s_order AS o\n    ON c.customer_no = o.customer_no\n",
		"210_f_order.sql:14:12: RIGHT JOIN returns rows without a row of from:",
		"LEFT JOIN with from: on the left",
	},
	{
		"210_f_order",
		"    o.amount,\n",
		"    o.amout AS amount,\n",
		"210_f_order.sql:10:5: s_order has no column amout",
		"its columns are: order_no",
	},
	{
		"101_refund",
		"    SUM(amount) AS amount\n",
		"    SUM(amount) AS amount,\n    1 AS dwh_place\n",
		"101_refund.sql:7:5: dwh's own queries use the name dwh_place",
		"does not begin with dwh_",
	},
	{
		"210_f_order",
		"-- joins: refund by order_no",
		"-- joins: refund by order_no\n-- joins: s_order by order_no",
		"210_f_order.sql:4:1: s_order is named by from: and by joins:",
		"give it a second name with a helper: SELECT its",
	},
	{
		"210_f_order",
		"LEFT JOIN refund AS r\n    ON",
		"LEFT JOIN f_customer AS r\n    ON",
		"210_f_order.sql:16:11: f_customer is computed later, in 220_f_customer",
		"a smaller number",
	},
	{
		"210_f_order",
		"LEFT JOIN refund AS r\n    ON",
		"LEFT JOIN refundd AS r\n    ON",
		"210_f_order.sql:16:11: there is no table or model refundd",
		`did you mean "refund"?`,
	},
	{
		"210_f_order",
		"    AND COALESCE(r.amount, 0) < 100;",
		"    AND o.amount < (SELECT MAX(amount) FROM refund);",
		"210_f_order.sql:19:45: the SELECT names refund 2 times, but the header names it 1 times",
		"write one joins: line for each, with the",
	},
	{
		"210_f_order",
		"LEFT JOIN refund AS r\n    ON r.order_no = o.order_no\nWHERE o.order_no IS NOT NULL\n" +
			"    AND COALESCE(r.amount, 0) < 100;",
		"WHERE o.amount = (SELECT MAX(amount) FROM refund);",
		"210_f_order.sql:16:18: the subquery over refund has no condition on order_no",
		"or write -- joins: refund without by",
	},
	{
		"210_f_order",
		"LEFT JOIN refund AS r\n    ON r.order_no = o.order_no\nWHERE o.order_no IS NOT NULL\n" +
			"    AND COALESCE(r.amount, 0) < 100;",
		"WHERE o.order_no NOT IN (SELECT order_no FROM refund);",
		"210_f_order.sql:16:25: NOT IN cannot be used over refund, which dwh reads only in part, by order_no",
		"write NOT EXISTS",
	},
	{
		"210_f_order",
		"LEFT JOIN refund AS r\n",
		"LEFT JOIN (SELECT order_no, amount, RANK() OVER (ORDER BY amount) AS nth FROM refund) AS r\n",
		"210_f_order.sql:16:37: the window function RANK needs rows of other values than the ones that joins: " +
			"refund by reads",
		"PARTITION BY order_no",
	},
	{
		"210_f_order",
		"LEFT JOIN refund AS r\n",
		"LEFT JOIN (SELECT MIN(order_no) AS order_no, amount FROM refund GROUP BY amount) AS r\n",
		"210_f_order.sql:16:19: the aggregate MIN needs rows of other values than the ones that joins: refund by reads",
		"GROUP BY order_no",
	},
	{
		"210_f_order",
		"-- joins: refund by order_no",
		"-- joins: refund by order_no\n-- joins: refund by order_no\n-- refers: d_customer",
		`210_f_order.sql:8:1: refers: "d_customer" is not TABLE by COLUMN`,
		"-- refers: d_x by a",
	},
	{
		"210_f_order",
		"-- joins: refund by order_no",
		"-- joins: refund by order_no\n-- joins: refund by order_no\n-- refers: d_custommer by customer_no",
		`210_f_order.sql:8:1: refers: names d_custommer, but no such table exists`,
		"a reference must name a stored table: --",
	},
	{
		"210_f_order",
		"-- joins: refund by order_no",
		"-- joins: refund by order_no\n-- joins: refund by order_no\n-- refers: d_customer by custommer",
		`210_f_order.sql:8:1: refers: names custommer, but the SELECT has no such column`,
		"the columns are: ",
	},
	{
		"210_f_order",
		"-- joins: refund by order_no",
		"-- joins: refund by order_no\n-- joins: refund by order_no\n-- refers: d_customer by " +
			"customer_no, d_customer by customer_no (warn)",
		`210_f_order.sql:8:1: refers: d_customer by customer_no is given twice`,
		"remove one of the two",
	},
	{
		"210_f_order",
		"-- joins: refund by order_no",
		"-- joins: refund by order_no\n-- joins: refund by order_no\n-- refers: d_customer by customer_no, customer_no",
		`210_f_order.sql:8:1: refers: customer_no is named twice after d_customer by`,
		"-- refers: d_x by a",
	},
	{
		"210_f_order",
		"-- joins: refund by order_no",
		"-- joins: refund by order_no\n-- joins: refund by order_no\n-- refers: d_customer by customer no",
		`210_f_order.sql:8:1: refers: "d_customer by customer no" is not TABLE by COLUMN`,
		"-- refers: d_x by a",
	},
	{
		"210_f_order",
		"-- joins: refund by order_no",
		"-- joins: refund by order_no\n-- joins: refund by order_no\n-- refers: d_customer by no = customer_no",
		`210_f_order.sql:8:1: refers: d_customer has no column no`,
		"where x is a column of d_customer: customer_no, name, since",
	},
	{
		"210_f_order",
		"-- joins: refund by order_no",
		"-- joins: refund by order_no\n-- joins: refund by order_no\n-- refers: d_customer by customer_no, amount",
		`210_f_order.sql:8:1: refers: d_customer has no column amount`,
		"write -- refers: d_customer by x = amount",
	},
	{
		"210_f_order",
		"-- joins: refund by order_no",
		"-- joins: refund by order_no\n-- joins: refund by order_no\n-- refers: d_customer by name = customer_no",
		`210_f_order.sql:8:1: refers: customer_no is integer, but name of d_customer is character varying(40)`,
		"give both columns the same type, in a migration",
	},
	{
		"210_f_order",
		"-- joins: refund by order_no",
		"-- joins: refund by order_no\n-- joins: refund by order_no\n-- refers: refund by order_no",
		`210_f_order.sql:8:1: refers: names refund, which is a helper`,
		"a reference must name a stored table: --",
	},
	{
		"210_f_order",
		"-- joins: refund by order_no",
		"-- joins: refund by order_no\n-- joins: refund by order_no\n-- refers: s_customer by customer_no",
		`210_f_order.sql:8:1: refers: names s_customer, which is a staging table`,
		"a reference must name a stored table: --",
	},
	{
		"210_f_order",
		"-- joins: refund by order_no",
		"-- joins: refund by order_no\n-- joins: refund by order_no\n-- refers: f_both by order_no, kind = name, x",
		`210_f_order.sql:8:1: refers: names x, but the SELECT has no such column`,
		"the columns are: ",
	},
	{
		"210_f_order",
		"-- joins: refund by order_no",
		"-- joins: refund by order_no\n-- joins: refund by order_no\n-- refers: f_order by customer_no, name",
		`210_f_order.sql:8:1: refers: dwh cannot tell which column of f_order holds the values of customer_no`,
		"write -- refers: f_order by x = customer_no",
	},
	{
		"101_refund",
		"-- key:  order_no",
		"-- key:  order_no\n-- refers: d_customer by order_no",
		`101_refund.sql:3:1: refers: cannot be used in refund, which is a helper`,
		"write the line into the stored model",
	},
	{
		"220_f_customer",
		"-- from: s_refund by customer_no",
		"-- from: s_refund",
		"220_f_customer.sql:3:1: one from: has by and another has not",
		"use by in all from: lines or in none: a model",
	},
	{
		"220_f_customer",
		"-- from: s_refund by customer_no",
		"-- from: s_refund by customer_no as refunds",
		"220_f_customer.sql:4:1: from: s_refund by names the columns refunds here, but from: f_order by " +
			"names customer_no",
		"by x as a",
	},
	{
		"220_f_customer",
		"-- from: s_refund by customer_no\n",
		"",
		"220_f_customer.sql:11:40: the SELECT reads s_refund, but no header line names it",
		"-- joins: s_refund by ...",
	},
	{
		"220_f_customer",
		"-- from: s_refund by customer_no",
		"-- left joins: s_refund by customer_no",
		"220_f_customer.sql:4:1: left joins: cannot be used in a model that is computed group by group",
		"write joins:",
	},
	{
		"220_f_customer",
		"    SUM(refunds) AS refunds",
		"    SUM(SUM(refunds)) OVER (ORDER BY customer_no) AS refunds",
		"220_f_customer.sql:8:5: the window function SUM needs rows of other values than the ones that from: " +
			"f_order by reads",
		"PARTITION BY customer_no",
	},
	{
		"230_f_both",
		"-- from: refund",
		"-- from: refund by order_no",
		"230_f_both.sql:4:1: one from: has by and another has not",
		"use by in all from: lines or in none: a model",
	},
	{
		"230_f_both",
		"UNION ALL",
		"EXCEPT",
		"230_f_both.sql:20:6: from: refund cannot be used after EXCEPT",
		"group by group",
	},
	{"230_f_both", "UNION ALL", "INTERSECT", "230_f_both.sql:20:6: from: refund cannot be used after " +
		"INTERSECT", "group by group"},
	{
		"230_f_both",
		"-- from: refund\n",
		"-- joins: refund by order_no\n",
		"230_f_both.sql:16:1: this branch reads no relation of from:",
		"name the relation of this branch in its own",
	},
	{
		"230_f_both",
		"    order_no,\n    amount\nFROM refund",
		"    order_no\nFROM refund",
		"230_f_both.sql:16:1: branch 2 has 2 columns, but the first has 3",
		"the same columns",
	},
	{
		"240_f_best",
		", customer_no\n",
		"\n",
		"240_f_best.sql:8:1: the ORDER BY of LIMIT lacks customer_no, which is part of the key",
		"end the ORDER BY with the key",
	},
	{
		"240_f_best",
		"ORDER BY amount DESC NULLS LAST, customer_no\n",
		"",
		"240_f_best.sql:7:1: LIMIT without ORDER BY returns arbitrary rows",
		"add an ORDER BY that contains the key",
	},
	{
		"240_f_best",
		"-- key: customer_no\n",
		"-- key: customer_no\n-- joins: f_customer by customer_no\n",
		"240_f_best.sql:3:1: joins: comes before the first from:",
		"-- from: first",
	},
	{
		"250_f_day",
		"from: order_day by day",
		"from: order_day by at as day",
		"250_f_day.sql:3:1: by names at, which is timestamp without time zone, but column day of table " +
			"f_day is date",
		"CAST(at AS date)",
	},
	{
		"250_f_day",
		"from: order_day by day",
		"from: order_day by amount as day",
		"250_f_day.sql:3:1: by names amount, which is integer, but column day of table f_day is date",
		"several groups would become one in the table:",
	},
	{
		"250_f_day",
		"from: order_day by day",
		"from: order_day by amount",
		"250_f_day.sql:6:5: by names amount, which SUM computes from a group's rows",
		"by must name columns of GROUP BY",
	},
	{
		"250_f_day",
		"SUM(amount)",
		"RANK() OVER (ORDER BY day)",
		"250_f_day.sql:6:5: the window function RANK needs rows of other values " +
			"than the ones that from: order_day by reads",
		"PARTITION BY day",
	},
	{
		"260_f_idle",
		"-- from:  d_customer",
		"-- from:  d_customer by name as customer_no",
		"260_f_idle.sql:3:1: by names name, which is character varying(40), but column customer_no of " +
			"table f_idle is integer",
		"several groups would become one in the table:",
	},
	{
		"260_f_idle",
		"-- from:  d_customer",
		"-- from:  d_customer by customer_no as name",
		"260_f_idle.sql:3:1: by names customer_no, which is integer, but column name of table f_idle is " +
			"character varying(40)",
		"several groups would become one in the table:",
	},
	{
		"101_refund",
		"by order_no",
		"by amount as order_no",
		"101_refund.sql:3:1: by says that order_no is amount of s_refund, but the SELECT takes it from " +
			"order_no",
		"write by order_no,",
	},
	{
		"260_f_idle",
		"NOT EXISTS",
		"customer_no IN (SELECT day FROM s_order) AND NOT EXISTS",
		"260_f_idle.sql:11:10: the SELECT names s_order 2 times, but the header names it 1 times",
		"write one joins: line for each, with the",
	},
}

// TestWrongHeaders edits models that are right and expects the error, its place and what to write
// instead.
func TestWrongHeaders(t *testing.T) {
	t.Parallel()
	for _, engine := range []sqlfile.Engine{sqlfile.Postgres, sqlfile.Redshift} {
		if _, err := inlineProject(t, rightMigration, rightModels).compile(engine); err != nil {
			t.Fatal(err)
		}
	}
	for i, wrong := range wrongHeaders {
		t.Run(fmt.Sprintf("%d_%s", i, wrong.file), func(t *testing.T) {
			t.Parallel()
			models := map[string]string{}
			for name, text := range rightModels {
				models[name] = text
			}
			models[wrong.file] = strings.Replace(models[wrong.file], wrong.old, wrong.new, 1)
			if models[wrong.file] == rightModels[wrong.file] {
				t.Fatalf("%s does not contain %q", wrong.file, wrong.old)
			}
			_, err := inlineProject(t, rightMigration, models).compile(sqlfile.Postgres)
			var told *sqlfile.Error
			if !errors.As(err, &told) {
				t.Fatalf("got %v, want %s", err, wrong.want)
			}
			if got := strings.TrimPrefix(told.Error(), "transforms/"); got != wrong.want {
				t.Errorf("got\n  %s\nwant\n  %s", got, wrong.want)
			}
			if !strings.Contains(told.Hint, wrong.hint) || told.Hint == "" {
				t.Errorf("hint: got %q, want %q in it", told.Hint, wrong.hint)
			}
		})
	}
}
