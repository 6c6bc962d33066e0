-- kind: transform
SELECT SUBSTRING(a FROM 1 FOR 3) AS a FROM t;

UPDATE t SET a = 1;
