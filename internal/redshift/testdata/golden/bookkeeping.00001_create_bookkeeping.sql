-- The ledger and the journal: which objects are loaded, what was refused, and what dwh did.

-- +goose Up
-- One row per loaded (or skipped) version of an object, written in the transaction that staged its
-- rows.
CREATE TABLE s_object (
    url VARCHAR(2048)                                        NOT NULL,
    etag VARCHAR(256)                                        NOT NULL,
    table_name VARCHAR(127)                                        NOT NULL,
    size BIGINT,
    last_modified TIMESTAMP,
    rows BIGINT,
    rejects BIGINT,
    loaded_at TIMESTAMP NOT NULL,
    load_id VARCHAR(64)                                        NOT NULL,
    outcome VARCHAR(16)                                        NOT NULL,
    PRIMARY KEY (url, etag, table_name)
)
           DISTSTYLE ALL SORTKEY (url)   ;

-- One row per record that COPY refused; line 0 stands for a whole object that could not be read.
-- fingerprint is that of the COPY's text. exact says that raw_text is the record byte for byte; a
-- record without any text has none.
CREATE TABLE s_reject (
    load_id VARCHAR(64)                                        NOT NULL,
    table_name VARCHAR(127)                                        NOT NULL,
    url VARCHAR(2048)                                        NOT NULL,
    line BIGINT NOT NULL,
    column_name VARCHAR(127)                                       ,
    reason VARCHAR(4096)                                       ,
    raw_text VARCHAR(65535)                                       ,
    outcome VARCHAR(16)                                        NOT NULL,
    rejected_at TIMESTAMP NOT NULL,
    fingerprint VARCHAR(64)                                       ,
    exact BOOLEAN DEFAULT FALSE NOT NULL
)
           DISTSTYLE EVEN SORTKEY (rejected_at)   ;

-- One row per invocation that writes.
CREATE TABLE dwh_run (
    run_id VARCHAR(64)                                        NOT NULL,
    command VARCHAR(256)                                        NOT NULL,
    engine VARCHAR(16)                                        NOT NULL,
    dwh_version VARCHAR(64)                                        NOT NULL,
    started_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    retries INTEGER DEFAULT 0 NOT NULL,
    outcome VARCHAR(16)                                        NOT NULL,
    error VARCHAR(8192)                                       ,
    PRIMARY KEY (run_id)
)
           DISTSTYLE ALL SORTKEY (started_at)   ;

-- One row per step of a run: a load, a transform, a replay's table, a deletion.
CREATE TABLE dwh_step (
    run_id VARCHAR(64)                                        NOT NULL,
    position INTEGER NOT NULL,
    step VARCHAR(127)                                        NOT NULL,
    started_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    rows_in BIGINT,
    rows_out BIGINT,
    fingerprint VARCHAR(64)                                       ,
    outcome VARCHAR(16)                                        NOT NULL,
    note VARCHAR(8192)                                       ,
    PRIMARY KEY (run_id, position)
)
           DISTSTYLE ALL SORTKEY (started_at)   ;

-- One row per check and run.
CREATE TABLE dwh_check (
    run_id VARCHAR(64)                                        NOT NULL,
    name VARCHAR(127)                                        NOT NULL,
    severity VARCHAR(16)                                        NOT NULL,
    outcome VARCHAR(16)                                        NOT NULL,
    violations BIGINT NOT NULL,
    checked_at TIMESTAMP NOT NULL
)
           DISTSTYLE ALL SORTKEY (checked_at)   ;

-- One row per transform: the fingerprint of the text that built what the star holds now.
CREATE TABLE dwh_transform (
    name VARCHAR(127)                                        NOT NULL,
    fingerprint VARCHAR(64)                                        NOT NULL,
    run_id VARCHAR(64)                                        NOT NULL,
    -- The file itself, for the plan to show what changed; NULL of one that is longer.
    file_text VARCHAR(65535)                                       ,
    PRIMARY KEY (name)
)
           DISTSTYLE ALL   ;

-- One row per reason why d_ and f_ no longer follow from staging; a replay deletes them.
CREATE TABLE dwh_stale (
    subject VARCHAR(127)                                        NOT NULL,
    reason VARCHAR(1024)                                        NOT NULL,
    since TIMESTAMP NOT NULL
)
           DISTSTYLE ALL   ;

-- +goose Down
DROP TABLE dwh_stale;

DROP TABLE dwh_transform;

DROP TABLE dwh_check;

DROP TABLE dwh_step;

DROP TABLE dwh_run;

DROP TABLE s_reject;

DROP TABLE s_object;
