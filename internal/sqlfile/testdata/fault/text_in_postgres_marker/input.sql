SELECT /*postgres a */ b /*redshift c */;
