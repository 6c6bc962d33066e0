-- kind: migration
SAVEPOINT s;

ROLLBACK TO SAVEPOINT s;
