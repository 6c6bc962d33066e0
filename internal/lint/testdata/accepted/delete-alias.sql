-- kind: transform
DELETE FROM s.t USING u AS x WHERE x.a = t.a;

DELETE FROM t;
