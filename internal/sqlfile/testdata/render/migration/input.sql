-- +goose Up
-- d_song: one row per song.
CREATE TABLE d_song (
    song_id VARCHAR(64) /*postgres*/ COLLATE "C" /*redshift */ NOT NULL,
    title VARCHAR(1024) /*postgres*/ COLLATE "C" /*redshift */,
    payload /*postgres*/ JSONB /*redshift SUPER */,
    PRIMARY KEY (song_id)
)
/*redshift DISTSTYLE ALL SORTKEY (song_id) */;                                -- added on Redshift

-- for the search by title
/*postgres*/ CREATE INDEX d_song_title ON d_song (title) /*redshift*/;           -- PostgreSQL only

    /*postgres*/
    CREATE INDEX d_song_artist
        ON d_song (artist_id)
    /*redshift*/;

/*redshift ANALYZE d_song */;

-- +goose Down
/*postgres*/ DROP INDEX d_song_title /*redshift*/;
DROP TABLE d_song;
