-- kind: transform
SELECT a FROM t WHERE b LIKE 'x|_%' ESCAPE '|' AND c = /*postgres*/ '\' /*redshift '\\' */;
