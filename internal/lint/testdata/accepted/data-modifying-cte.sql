-- kind: transform
WITH gone AS (SELECT t.delete FROM t) DELETE FROM u USING gone WHERE u.a = gone.delete;
