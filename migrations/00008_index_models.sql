-- PostgreSQL only: the indexes that models are narrowed by hold the texts themselves, for processed
-- and for new rows. transforms/020_s_songplay_event.sql names them, and the next run builds them.
-- Statistics of hashes, and the indexes that held hashes, serve nothing any more.

-- +goose Up
/*postgres*/ DROP STATISTICS s_songplay_event_title_hash_statistics /*redshift*/;

/*postgres*/ DROP STATISTICS s_songplay_event_artist_hash_statistics /*redshift*/;

/*postgres*/ DROP INDEX IF EXISTS s_songplay_event_title /*redshift*/;

/*postgres*/ DROP INDEX IF EXISTS s_songplay_event_key /*redshift*/;

-- +goose Down
/*postgres*/ DROP INDEX IF EXISTS s_songplay_event_user /*redshift*/;

/*postgres*/ DROP INDEX IF EXISTS s_songplay_event_song /*redshift*/;

/*postgres*/ DROP INDEX IF EXISTS s_songplay_event_songplay /*redshift*/;

/*postgres*/ DROP STATISTICS IF EXISTS
    s_songplay_event_artist_hash_statistics,
    s_songplay_event_title_hash_statistics /*redshift*/;

/*postgres*/ CREATE STATISTICS s_songplay_event_artist_hash_statistics
    ON (HASHTEXT(RTRIM(artist))) FROM s_songplay_event /*redshift*/;

/*postgres*/ CREATE STATISTICS s_songplay_event_title_hash_statistics
    ON (HASHTEXT(RTRIM(song))) FROM s_songplay_event /*redshift*/;
