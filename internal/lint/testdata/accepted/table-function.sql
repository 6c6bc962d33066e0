-- kind: transform
SELECT
    EXTRACT(hour FROM DATE_TRUNC('hour', t.ts)) AS hour,
    TRIM(BOTH ' ' FROM LOWER(t.a)) AS a,
    SUBSTRING(t.a FROM LENGTH(t.b)) AS b
FROM t
INNER JOIN (SELECT u.a, MAX(u.b) AS b FROM u GROUP BY u.a) AS u (a, b)
    ON COALESCE(u.a, '') = t.a,
    v
WHERE EXISTS (SELECT 1 FROM w);
