-- The fact table: one row per songplay.

-- +goose Up
CREATE TABLE f_songplay (
    songplay_id VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */ NOT NULL,
    start_time TIMESTAMP NOT NULL,
    played_at TIMESTAMP NOT NULL,
    user_id VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */ NOT NULL,
    artist_id VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */,
    song_id VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */,
    level VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */,
    session_id BIGINT NOT NULL,
    location VARCHAR(1024) /*postgres*/ COLLATE "C" /*redshift */,
    user_agent VARCHAR(4096) /*postgres*/ COLLATE "C" /*redshift */,
    PRIMARY KEY (songplay_id)
)
/*redshift DISTSTYLE EVEN SORTKEY (start_time) ENCODE AUTO */;

-- +goose Down
DROP TABLE f_songplay;
