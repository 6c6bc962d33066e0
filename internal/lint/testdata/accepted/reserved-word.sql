-- kind: migration
CREATE TABLE t (level INTEGER, page INTEGER, status INTEGER, "order" INTEGER, position INTEGER, PRIMARY KEY (level));

CREATE VIEW v AS SELECT CAST(a AS TIMESTAMP) AS a, t.level AS "open" FROM t;

CREATE TABLE u AS (WITH w AS (SELECT a FROM t) SELECT a FROM w);
