-- kind: transform
SELECT category.catid FROM category
INNER JOIN event ON category.catid = event.catid
    AND event.eventid = (SELECT MAX(sales.eventid) AS last FROM sales WHERE sales.eventid = event.eventid)
LEFT JOIN venue ON venue.venueid = event.venueid AND venue.city IN (SELECT city.name FROM city);

SELECT a.x FROM a LEFT JOIN b ON a.x = b.x
WHERE EXISTS (SELECT 1 AS one FROM c WHERE c.x = b.x);

SELECT a.x FROM a LEFT JOIN (SELECT b.x FROM b INNER JOIN c ON c.x = b.x AND EXISTS (SELECT 1 AS one FROM d WHERE d.x = c.x)) AS e ON a.x = e.x;

SELECT s.listid FROM sales AS s
WHERE s.qtysold IN (SELECT MAX(l.numtickets) AS most FROM listing AS l WHERE s.listid = l.listid GROUP BY l.sellerid)
    AND s.qtysold NOT IN (SELECT SUM(l.numtickets) OVER () AS all_tickets FROM listing AS l);

SELECT listing.listid, (SELECT COUNT(sales.listid) AS n FROM sales WHERE sales.listid = listing.listid) AS sold, COUNT(*) AS n
FROM listing
GROUP BY listing.listid;

SELECT a.x, ROW_NUMBER() OVER (ORDER BY a.x) AS place FROM a WHERE EXISTS (SELECT 1 AS one FROM b WHERE b.x = a.x);
