-- kind: transform
SELECT a FROM t WHERE a IN (SELECT b FROM u)
UNION ALL
(SELECT 'ARRAY[1]' AS a FROM u);
