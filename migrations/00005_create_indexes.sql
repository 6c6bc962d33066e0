-- PostgreSQL only: indexes that make the cost of an increment follow the size of its batch, and
-- statistics on the expressions that the models select and join by. Without the statistics the
-- planner expects a handful of rows in a whole first load. The indexes of s_songplay_event are in
-- transforms/020_s_songplay_event.sql: a load builds them when the table has rows.

-- +goose Up
/*postgres*/ CREATE INDEX s_song_new ON s_song (song_id) WHERE NOT processed /*redshift*/;

/*postgres*/ CREATE INDEX s_song_key ON s_song (RTRIM(song_id)) /*redshift*/;

/*postgres*/ CREATE INDEX s_song_artist ON s_song (RTRIM(artist_id)) /*redshift*/;

/*postgres*/ CREATE INDEX s_song_name ON s_song (RTRIM(artist_name), RTRIM(title)) /*redshift*/;

/*postgres*/ CREATE INDEX s_name_new ON s_name (name) WHERE NOT processed /*redshift*/;

/*postgres*/ CREATE INDEX s_name_name ON s_name (RTRIM(name)) /*redshift*/;

/*postgres*/ CREATE STATISTICS s_songplay_event_play_statistics (ndistinct)
    ON session_id, item_in_session, ts FROM s_songplay_event /*redshift*/;

/*postgres*/ CREATE STATISTICS s_songplay_event_page_statistics
    ON (RTRIM(page)) FROM s_songplay_event /*redshift*/;

/*postgres*/ CREATE STATISTICS s_songplay_event_user_statistics
    ON (RTRIM(user_id)) FROM s_songplay_event /*redshift*/;

/*postgres*/ CREATE STATISTICS s_songplay_event_artist_statistics
    ON (RTRIM(artist)) FROM s_songplay_event /*redshift*/;

/*postgres*/ CREATE STATISTICS s_songplay_event_title_statistics
    ON (RTRIM(song)) FROM s_songplay_event /*redshift*/;

-- +goose Down
-- The indexes that a load has built.
/*postgres*/ DROP INDEX IF EXISTS s_songplay_event_user /*redshift*/;

/*postgres*/ DROP INDEX IF EXISTS s_songplay_event_song /*redshift*/;

/*postgres*/ DROP INDEX IF EXISTS s_songplay_event_songplay /*redshift*/;

/*postgres*/ DROP INDEX IF EXISTS s_songplay_event_new /*redshift*/;

/*postgres*/ DROP STATISTICS s_songplay_event_title_statistics /*redshift*/;

/*postgres*/ DROP STATISTICS s_songplay_event_artist_statistics /*redshift*/;

/*postgres*/ DROP STATISTICS s_songplay_event_user_statistics /*redshift*/;

/*postgres*/ DROP STATISTICS s_songplay_event_page_statistics /*redshift*/;

/*postgres*/ DROP STATISTICS s_songplay_event_play_statistics /*redshift*/;

/*postgres*/ DROP INDEX s_name_name /*redshift*/;

/*postgres*/ DROP INDEX s_name_new /*redshift*/;

/*postgres*/ DROP INDEX s_song_name /*redshift*/;

/*postgres*/ DROP INDEX s_song_artist /*redshift*/;

/*postgres*/ DROP INDEX s_song_key /*redshift*/;

/*postgres*/ DROP INDEX s_song_new /*redshift*/;
