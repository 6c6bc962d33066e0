-- kind: migration
SELECT a + INTERVAL '1 second' * b AS c FROM t;
