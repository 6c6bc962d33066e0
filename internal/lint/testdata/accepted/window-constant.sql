-- kind: transform
SELECT ROW_NUMBER() OVER (ORDER BY a + 1, CASE WHEN b = 'x' THEN 0 ELSE 1 END) AS place FROM t ORDER BY 1;
