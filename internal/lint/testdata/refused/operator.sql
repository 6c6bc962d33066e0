-- kind: transform
SELECT a ->> 'b' AS c FROM t WHERE d @> e AND f && g;
