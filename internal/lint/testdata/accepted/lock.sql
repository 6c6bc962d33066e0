-- kind: transform
SELECT lock.a FROM t AS lock;
