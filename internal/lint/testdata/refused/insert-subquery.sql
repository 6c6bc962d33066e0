-- kind: transform
INSERT INTO t (a) VALUES (1), ((SELECT MAX(a) FROM u));
