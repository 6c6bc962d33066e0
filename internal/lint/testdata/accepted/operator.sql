-- kind: transform
SELECT a || 'b' AS c, a % 2 AS d, a ^ 2 AS e, -a AS f, a - -1 AS g FROM t WHERE a <> 1 AND b ~ 'x';
