-- kind: transform
INSERT INTO t (a)
SELECT u.a
FROM u
INNER JOIN conflict
    ON conflict.a = u.a;
