-- kind: migration
CREATE TABLE t (a VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift COLLATE CASE_SENSITIVE */);
