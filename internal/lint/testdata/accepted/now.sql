-- kind: migration
SELECT t.now, t.age, CURRENT_DATE AS today, t.localtime FROM t;
