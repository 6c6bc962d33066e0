-- kind: migration
SELECT t.trigger FROM t;
