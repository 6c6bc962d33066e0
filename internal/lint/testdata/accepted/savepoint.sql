-- kind: migration
SELECT savepoint.a FROM t AS savepoint;
