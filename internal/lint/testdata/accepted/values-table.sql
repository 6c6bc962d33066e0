-- kind: transform
INSERT INTO t (a) VALUES (1);

INSERT INTO t DEFAULT VALUES;
