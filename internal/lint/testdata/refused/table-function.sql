-- kind: transform
SELECT j.a FROM t, json_each_text(t.b) AS j (a, c);

SELECT x.a FROM t INNER JOIN my.words(t.b) AS x ON x.a = t.a;
