-- kind: migration
CREATE TABLE t (
    a INTEGER
    /*redshift , b BIGINT */
);

CREATE TABLE u (a INTEGER /*redshift ) SORTKEY (a */);

SELECT a FROM t WHERE (b = 1 /*postgres*/) /*redshift ) */;

(SELECT a FROM t) UNION ALL (SELECT b FROM u);
