-- kind: transform
SELECT a || b || 'x' AS concat FROM t;
