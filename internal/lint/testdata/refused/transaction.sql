-- kind: migration
BEGIN;

COMMIT;

ROLLBACK;
