-- kind: migration
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_a ON t (a);

DROP INDEX t_a;

/*redshift CREATE INDEX i ON t (a) */;
