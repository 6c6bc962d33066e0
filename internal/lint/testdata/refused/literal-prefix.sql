-- kind: transform
SELECT E'a\n' AS a, X'1f' AS b, U&'d!0061t' AS c FROM t;
