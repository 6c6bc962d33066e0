-- kind: migration
-- Each of these is right for one engine and wrong for the other.
CREATE TABLE t (
    a INTEGER,
    /*redshift b BIGINT */
);

SELECT a FROM t WHERE (b = 1 /*redshift ) */;

/*postgres*/ COPYING /*redshift SELECT 1 */ FROM t;
