-- kind: migration
CREATE SEQUENCE s;

INSERT INTO t (a) VALUES (NEXTVAL('s'));
