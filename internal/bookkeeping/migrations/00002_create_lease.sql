-- What dwh serve needs: a lease that says which of several servers works, and on PostgreSQL a short
-- way to the objects whose last try failed.

-- +goose Up
-- One row per role. Its holder raises beat. A server that sees beat unchanged for a whole term
-- takes the role over. The lease only avoids useless work: the lock on dwh_lock keeps writers
-- apart.
CREATE TABLE dwh_lease (
    name VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */ NOT NULL,
    holder VARCHAR(255) /*postgres*/ COLLATE "C" /*redshift */ NOT NULL,
    beat BIGINT NOT NULL,
    PRIMARY KEY (name)
)
/*redshift DISTSTYLE ALL */;

INSERT INTO dwh_lease (name, holder, beat) VALUES ('serve', '', 0);

/*postgres*/ CREATE INDEX s_reject_failed
    ON s_reject (table_name, url) WHERE outcome = 'failed' /*redshift*/;

-- +goose Down
/*postgres*/ DROP INDEX s_reject_failed /*redshift*/;

DROP TABLE dwh_lease;
