-- kind: migration
GRANT REFERENCES ON t TO PUBLIC;
