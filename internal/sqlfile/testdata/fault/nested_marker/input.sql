SELECT /*postgres*/ a /*postgres*/ b /*redshift c */;
