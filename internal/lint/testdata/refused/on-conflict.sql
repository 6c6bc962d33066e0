-- kind: transform
INSERT INTO t (a) SELECT a FROM u ON CONFLICT (a) DO NOTHING;
