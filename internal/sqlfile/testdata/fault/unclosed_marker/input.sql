SELECT
    /*postgres*/ a
FROM t;
SELECT b /*redshift c */;
