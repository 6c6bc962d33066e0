-- kind: transform
INSERT INTO t (a) VALUES ((SELECT MAX(a) FROM u));

INSERT INTO t (a) VALUES (1), (2);
