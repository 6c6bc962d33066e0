-- kind: transform
SELECT a FROM t WHERE a ~* 'x' OR b !~* 'y';
