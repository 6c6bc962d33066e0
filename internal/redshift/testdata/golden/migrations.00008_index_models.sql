-- PostgreSQL only: the indexes that models are narrowed by hold the texts themselves, for processed
-- and for new rows. transforms/020_s_songplay_event.sql names them, and the next run builds them.
-- Statistics of hashes, and the indexes that held hashes, serve nothing any more.

-- +goose Up








-- +goose Down
