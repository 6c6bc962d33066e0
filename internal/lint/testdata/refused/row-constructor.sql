-- kind: transform
SELECT a FROM t WHERE (a, b) IN (SELECT c, d FROM u);

UPDATE t SET (a, b) = (1, 2) WHERE c = 3;

SELECT ROW(a, b) AS pair FROM t;
