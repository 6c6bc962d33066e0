-- kind: transform
UPDATE t SET t.a = 1, b = 2 WHERE c = 3;
