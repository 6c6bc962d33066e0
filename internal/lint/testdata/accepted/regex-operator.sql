-- kind: transform
SELECT a FROM t WHERE LOWER(a) ~ 'x' OR b !~ 'y' OR c ILIKE '%z%';
