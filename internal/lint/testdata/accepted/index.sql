-- kind: migration
/*postgres*/ CREATE INDEX t_a ON t (ENCODE(a, 'hex')) WHERE NOT processed /*redshift*/;

/*postgres*/ DROP INDEX t_a /*redshift*/;
