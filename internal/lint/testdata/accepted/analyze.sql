-- kind: transform
/*postgres*/ ANALYZE t /*redshift*/;

/*redshift ANALYZE t PREDICATE COLUMNS */;
