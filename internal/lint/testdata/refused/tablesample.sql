-- kind: transform
SELECT a FROM t TABLESAMPLE SYSTEM (10);
