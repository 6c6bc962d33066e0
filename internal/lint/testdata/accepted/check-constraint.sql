-- kind: migration
CREATE TABLE t (check_a INTEGER, exclude INTEGER, PRIMARY KEY (check_a));
