-- kind: transform
SELECT ARRAY[1, 2] AS a, t.b[1] AS b FROM t WHERE a = ANY(:'ids');

CREATE TABLE u (b INTEGER[]);

SELECT a FROM t WHERE a <> ALL ((t.b));
