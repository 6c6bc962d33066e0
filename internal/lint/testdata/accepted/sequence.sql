-- kind: migration
SELECT t.nextval FROM t;
