-- kind: transform
SELECT event.eventname FROM event
WHERE NOT EXISTS (
    SELECT 1 AS one FROM listing
    WHERE NOT EXISTS (SELECT 1 AS one FROM sales WHERE event.eventid = sales.eventid)
);

SELECT a.id FROM public.first AS a
WHERE EXISTS (SELECT 1 AS one FROM (SELECT b.id FROM second AS b WHERE b.id = a.id) AS derived);

SELECT t.a FROM t
WHERE t.a IN (SELECT u.a FROM u LEFT JOIN v ON u.a = v.a WHERE u.b = (SELECT MAX(w.b) AS b FROM w WHERE w.a = u.a AND w.c = t.c));

UPDATE t SET a = 1 WHERE EXISTS (SELECT 1 AS one FROM u WHERE u.a = t.a AND NOT EXISTS (SELECT 1 AS one FROM v WHERE v.b = t.b));
