-- +goose Up
-- d_song: one row per song.
CREATE TABLE d_song (
    song_id VARCHAR(64)                                        NOT NULL,
    title VARCHAR(1024)                                       ,
    payload                               SUPER   ,
    PRIMARY KEY (song_id)
)
           DISTSTYLE ALL SORTKEY (song_id)   ;                                -- added on Redshift

-- for the search by title
                                                                                 -- PostgreSQL only






           ANALYZE d_song   ;

-- +goose Down

DROP TABLE d_song;
