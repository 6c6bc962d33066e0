-- What dwh serve needs: a lease that says which of several servers works, and on PostgreSQL a short
-- way to the objects whose last try failed.

-- +goose Up
-- One row per role. Its holder raises beat. A server that sees beat unchanged for a whole term
-- takes the role over. The lease only avoids useless work: the lock on dwh_lock keeps writers
-- apart.
CREATE TABLE dwh_lease (
    name VARCHAR(64)                                        NOT NULL,
    holder VARCHAR(255)                                        NOT NULL,
    beat BIGINT NOT NULL,
    PRIMARY KEY (name)
)
           DISTSTYLE ALL   ;

INSERT INTO dwh_lease (name, holder, beat) VALUES ('serve', '', 0);




-- +goose Down


DROP TABLE dwh_lease;
