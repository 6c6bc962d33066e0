-- PostgreSQL only: the indexes that models are narrowed by hold the texts themselves, for rows that are
-- processed and rows that are not. The next run builds them: transforms/020_s_songplay_event.sql names
-- them. Statistics of hashes, and the indexes that held hashes, serve nothing any more.

-- +goose Up








-- +goose Down
