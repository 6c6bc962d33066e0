-- kind: migration
VACUUM t;
