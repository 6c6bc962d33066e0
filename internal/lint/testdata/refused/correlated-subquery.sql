-- kind: transform
SELECT category.catid FROM category
LEFT JOIN event ON category.catid = event.catid
    AND event.eventid = (SELECT MAX(sales.eventid) AS last FROM sales WHERE sales.eventid = event.eventid);

SELECT a.x FROM (a FULL OUTER JOIN b ON a.x = b.x AND (a.y > 0 OR EXISTS (SELECT 1 AS one FROM c WHERE c.x = b.x)));

SELECT s.listid, s.qtysold FROM sales AS s
WHERE s.qtysold NOT IN (SELECT SUM(l.numtickets) OVER () AS all_tickets FROM listing AS l WHERE s.listid = l.listid);

SELECT listing.listid, (SELECT COUNT(sales.listid) AS n FROM sales WHERE sales.listid = listing.listid) AS list
FROM listing
GROUP BY list, listing.listid;

SELECT listing.listid, (SELECT COUNT(sales.listid) AS n FROM sales WHERE sales.listid = listing.listid) AS list
FROM listing
GROUP BY 1, 2;

SELECT listing.listid FROM listing
WHERE listing.listid IN (SELECT SUM(sales.qtysold) AS n FROM sales WHERE listing.numtickets > 4 GROUP BY sales.salesid);
