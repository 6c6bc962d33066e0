-- Dimensions: the tables that plays refer to, one row per key.

-- +goose Up
CREATE TABLE d_song (
    song_id VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */ NOT NULL,
    title VARCHAR(1024) /*postgres*/ COLLATE "C" /*redshift */,
    artist_id VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */,
    year INTEGER,
    duration DOUBLE PRECISION,
    PRIMARY KEY (song_id)
)
/*redshift DISTSTYLE ALL SORTKEY (song_id) ENCODE AUTO */;

CREATE TABLE d_artist (
    artist_id VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */ NOT NULL,
    name VARCHAR(1024) /*postgres*/ COLLATE "C" /*redshift */,
    location VARCHAR(1024) /*postgres*/ COLLATE "C" /*redshift */,
    latitude DOUBLE PRECISION,
    longitude DOUBLE PRECISION,
    PRIMARY KEY (artist_id)
)
/*redshift DISTSTYLE ALL SORTKEY (artist_id) ENCODE AUTO */;

-- last_ts, last_session_id and last_item_in_session name the play that the row comes from, so that
-- an older play that arrives late is recognized without reading the user's history again.
CREATE TABLE d_user (
    user_id VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */ NOT NULL,
    first_name VARCHAR(256) /*postgres*/ COLLATE "C" /*redshift */,
    last_name VARCHAR(256) /*postgres*/ COLLATE "C" /*redshift */,
    gender VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */,
    level VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */,
    last_ts BIGINT,
    last_session_id BIGINT,
    last_item_in_session INTEGER,
    PRIMARY KEY (user_id)
)
/*redshift DISTSTYLE ALL SORTKEY (user_id) ENCODE AUTO */;

CREATE TABLE d_time (
    start_time TIMESTAMP NOT NULL,
    hour INTEGER NOT NULL,
    day INTEGER NOT NULL,
    week INTEGER NOT NULL,
    month INTEGER NOT NULL,
    year INTEGER NOT NULL,
    weekday INTEGER NOT NULL,
    PRIMARY KEY (start_time)
)
/*redshift DISTSTYLE ALL SORTKEY (start_time) ENCODE AUTO */;

-- +goose Down
DROP TABLE d_time;

DROP TABLE d_user;

DROP TABLE d_artist;

DROP TABLE d_song;
