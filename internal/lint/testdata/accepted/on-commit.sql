-- kind: transform
CREATE TEMP TABLE t (LIKE u INCLUDING DEFAULTS);

CREATE TABLE v AS SELECT u.a FROM u INNER JOIN commit ON commit.a = u.a;
