-- kind: migration
ALTER TABLE t ADD COLUMN append INTEGER;
