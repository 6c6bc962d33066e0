-- kind: transform
CREATE TABLE IF NOT EXISTS t AS SELECT a FROM u;
