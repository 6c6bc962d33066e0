-- kind: transform
DELETE FROM t AS x WHERE x.a = 1;

DELETE FROM t x USING u WHERE u.a = x.a;
