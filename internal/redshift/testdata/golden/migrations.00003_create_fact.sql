-- The fact table: one row per songplay.

-- +goose Up
CREATE TABLE f_songplay (
    songplay_id VARCHAR(64)                                        NOT NULL,
    start_time TIMESTAMP NOT NULL,
    played_at TIMESTAMP NOT NULL,
    user_id VARCHAR(64)                                        NOT NULL,
    artist_id VARCHAR(64)                                       ,
    song_id VARCHAR(64)                                       ,
    level VARCHAR(64)                                       ,
    session_id BIGINT NOT NULL,
    location VARCHAR(1024)                                       ,
    user_agent VARCHAR(4096)                                       ,
    PRIMARY KEY (songplay_id)
)
           DISTSTYLE EVEN SORTKEY (start_time) ENCODE AUTO   ;

-- +goose Down
DROP TABLE f_songplay;
