-- kind: transform
UPDATE t SET a = u.a, b = COALESCE(u.b, t.b) FROM u WHERE u.c = t.c;
