-- kind: migration
DROP FUNCTION IF EXISTS f_a (VARCHAR);

DROP FUNCTION f_a;
