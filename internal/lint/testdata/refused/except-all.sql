-- kind: transform
SELECT a FROM t EXCEPT ALL SELECT a FROM u;
