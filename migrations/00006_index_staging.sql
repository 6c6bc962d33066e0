-- PostgreSQL only: what an incremental run needs so that its cost follows the batch. The indexes on the keys
-- cover processed rows alone, so that COPY, whose rows are not, does not pay for them.

-- +goose Up
/*postgres*/ CREATE INDEX s_songplay_event_new ON s_songplay_event (ts) WHERE NOT processed /*redshift*/;

/*postgres*/ CREATE INDEX s_songplay_event_key ON s_songplay_event (RTRIM(user_id), session_id, item_in_session, ts) WHERE processed /*redshift*/;

/*postgres*/ CREATE INDEX s_songplay_event_song ON s_songplay_event (RTRIM(artist), RTRIM(song)) WHERE processed /*redshift*/;

/*postgres*/ CREATE INDEX s_song_new ON s_song (song_id) WHERE NOT processed /*redshift*/;

/*postgres*/ CREATE INDEX s_song_key ON s_song (RTRIM(song_id)) /*redshift*/;

/*postgres*/ CREATE INDEX s_song_artist ON s_song (RTRIM(artist_id)) /*redshift*/;

/*postgres*/ CREATE INDEX s_song_name ON s_song (RTRIM(artist_name), RTRIM(title)) /*redshift*/;

/*postgres*/ CREATE INDEX s_name_new ON s_name (name) WHERE NOT processed /*redshift*/;

/*postgres*/ CREATE INDEX s_name_name ON s_name (RTRIM(name)) /*redshift*/;

-- +goose Down
/*postgres*/ DROP INDEX s_name_name /*redshift*/;

/*postgres*/ DROP INDEX s_name_new /*redshift*/;

/*postgres*/ DROP INDEX s_song_name /*redshift*/;

/*postgres*/ DROP INDEX s_song_artist /*redshift*/;

/*postgres*/ DROP INDEX s_song_key /*redshift*/;

/*postgres*/ DROP INDEX s_song_new /*redshift*/;

/*postgres*/ DROP INDEX s_songplay_event_song /*redshift*/;

/*postgres*/ DROP INDEX s_songplay_event_key /*redshift*/;

/*postgres*/ DROP INDEX s_songplay_event_new /*redshift*/;
