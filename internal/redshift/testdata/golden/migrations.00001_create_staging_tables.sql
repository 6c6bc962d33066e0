-- Staging tables: records as they came, one row per record of an object.
--
-- On Redshift no column names an encoding. A new column has the default of its type (AZ64 for
-- numbers and times, LZO for text, RAW for sort keys, BOOLEAN and DOUBLE PRECISION), and ENCODE
-- AUTO lets Redshift change it as the table grows (dg/r_CREATE_TABLE_NEW). One named encoding would
-- end that for the whole table. The COPYs say COMPUPDATE OFF: otherwise the first one into an empty
-- table chooses encodings anew, by queries of its own (dg/copy-parameters-data-load).

-- +goose Up
CREATE TABLE s_song (
    song_id VARCHAR(64)                                       ,
    title VARCHAR(1024)                                       ,
    artist_id VARCHAR(64)                                       ,
    artist_name VARCHAR(1024)                                       ,
    artist_location VARCHAR(1024)                                       ,
    artist_latitude DOUBLE PRECISION,
    artist_longitude DOUBLE PRECISION,
    duration DOUBLE PRECISION,
    num_songs INTEGER,
    year INTEGER
)
           DISTSTYLE EVEN ENCODE AUTO   ;

CREATE TABLE s_songplay_event (
    artist VARCHAR(1024)                                       ,
    auth VARCHAR(64)                                       ,
    first_name VARCHAR(256)                                       ,
    gender VARCHAR(64)                                       ,
    item_in_session INTEGER,
    last_name VARCHAR(256)                                       ,
    length DOUBLE PRECISION,
    level VARCHAR(64)                                       ,
    location VARCHAR(1024)                                       ,
    method VARCHAR(64)                                       ,
    page VARCHAR(64)                                       ,
    registration BIGINT,
    session_id BIGINT,
    song VARCHAR(1024)                                       ,
    status INTEGER,
    ts BIGINT,
    user_agent VARCHAR(4096)                                       ,
    user_id VARCHAR(64)
)
           DISTSTYLE EVEN SORTKEY (ts) ENCODE AUTO   ;

CREATE TABLE s_name (
    name VARCHAR(256)                                       ,
    sex VARCHAR(64)                                       ,
    births INTEGER
)
           DISTSTYLE EVEN ENCODE AUTO   ;

-- +goose Down
DROP TABLE s_name;

DROP TABLE s_songplay_event;

DROP TABLE s_song;
