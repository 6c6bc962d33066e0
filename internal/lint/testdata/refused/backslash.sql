-- kind: transform
SELECT a FROM t WHERE b LIKE 'x\_%';
