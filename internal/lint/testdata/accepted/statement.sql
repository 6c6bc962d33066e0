-- kind: migration
CREATE SCHEMA s;

CREATE SCHEMA IF NOT EXISTS s;

CREATE OR REPLACE VIEW v AS SELECT a FROM t;

GRANT SELECT ON t TO PUBLIC;

REVOKE REFERENCES ON t FROM PUBLIC;

COMMENT ON TABLE t IS 'one row per song';

COMMENT ON COLUMN t.a IS 'key';

DROP TABLE IF EXISTS a, b CASCADE;

/*postgres*/ CREATE MATERIALIZED VIEW w AS SELECT a FROM t /*redshift*/;

/*postgres*/ SET work_mem = '64MB' /*redshift*/;

-- +goose StatementBegin
INSERT INTO t (a) SELECT b FROM u;
-- +goose StatementEnd
