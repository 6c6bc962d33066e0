-- Staging tables: records as they came, one row per record of an object.
--
-- On Redshift no column names an encoding. A new column has the default of its type (AZ64 for
-- numbers and times, LZO for text, RAW for sort keys, BOOLEAN and DOUBLE PRECISION), and ENCODE
-- AUTO lets Redshift change it as the table grows (dg/r_CREATE_TABLE_NEW). One named encoding would
-- end that for the whole table. The COPYs say COMPUPDATE OFF: otherwise the first one into an empty
-- table chooses encodings anew, by queries of its own (dg/copy-parameters-data-load).

-- +goose Up
CREATE TABLE s_song (
    song_id VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */,
    title VARCHAR(1024) /*postgres*/ COLLATE "C" /*redshift */,
    artist_id VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */,
    artist_name VARCHAR(1024) /*postgres*/ COLLATE "C" /*redshift */,
    artist_location VARCHAR(1024) /*postgres*/ COLLATE "C" /*redshift */,
    artist_latitude DOUBLE PRECISION,
    artist_longitude DOUBLE PRECISION,
    duration DOUBLE PRECISION,
    num_songs INTEGER,
    year INTEGER
)
/*redshift DISTSTYLE EVEN ENCODE AUTO */;

CREATE TABLE s_songplay_event (
    artist VARCHAR(1024) /*postgres*/ COLLATE "C" /*redshift */,
    auth VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */,
    first_name VARCHAR(256) /*postgres*/ COLLATE "C" /*redshift */,
    gender VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */,
    item_in_session INTEGER,
    last_name VARCHAR(256) /*postgres*/ COLLATE "C" /*redshift */,
    length DOUBLE PRECISION,
    level VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */,
    location VARCHAR(1024) /*postgres*/ COLLATE "C" /*redshift */,
    method VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */,
    page VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */,
    registration BIGINT,
    session_id BIGINT,
    song VARCHAR(1024) /*postgres*/ COLLATE "C" /*redshift */,
    status INTEGER,
    ts BIGINT,
    user_agent VARCHAR(4096) /*postgres*/ COLLATE "C" /*redshift */,
    user_id VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */
)
/*redshift DISTSTYLE EVEN SORTKEY (ts) ENCODE AUTO */;

CREATE TABLE s_name (
    name VARCHAR(256) /*postgres*/ COLLATE "C" /*redshift */,
    sex VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */,
    births INTEGER
)
/*redshift DISTSTYLE EVEN ENCODE AUTO */;

-- +goose Down
DROP TABLE s_name;

DROP TABLE s_songplay_event;

DROP TABLE s_song;
