-- kind: migration
ALTER TABLE t SET SCHEMA s;

ALTER TABLE t CLUSTER ON i;
