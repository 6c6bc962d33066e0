-- kind: migration
DROP FUNCTION f_a (VARCHAR);
