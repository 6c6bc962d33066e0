-- kind: transform
SELECT s.salesid FROM sales AS s
WHERE s.qtysold = (SELECT MAX(l.numtickets) AS most FROM listing AS l WHERE s.listid = l.listid);

SELECT event.eventname FROM event
WHERE NOT EXISTS (
    SELECT 1 AS one FROM listing
    WHERE listing.eventid = event.eventid AND NOT EXISTS (SELECT 1 AS one FROM sales AS event WHERE event.listid = listing.listid)
);

-- The name is that of a schema, and of a CTE's own table.
WITH newest AS (SELECT t.a, MAX(t.b) AS b FROM t GROUP BY t.a)
SELECT t.a FROM public.t
WHERE EXISTS (SELECT 1 AS one FROM (SELECT public.t.a FROM public.t) AS derived)
    AND t.b IN (SELECT newest.b FROM newest WHERE newest.a = t.a);

DELETE FROM t USING (SELECT u.a FROM u WHERE EXISTS (SELECT 1 AS one FROM v WHERE v.a = u.a)) AS gone WHERE t.a = gone.a;

SELECT x.a FROM (t AS x INNER JOIN u AS y ON x.a = y.a), v AS z
WHERE EXISTS (SELECT 1 AS one FROM w WHERE w.a = y.a OR w.a = z.a)
UNION ALL
SELECT x.a FROM w AS x;
