-- The flag that says whether the star already contains a staged row. Rows that exist before this
-- migration get TRUE. The warehouse is then marked stale, and a replay builds the star from them.

-- +goose Up
ALTER TABLE s_song ADD COLUMN processed BOOLEAN DEFAULT FALSE NOT NULL;

ALTER TABLE s_songplay_event ADD COLUMN processed BOOLEAN DEFAULT FALSE NOT NULL;

ALTER TABLE s_name ADD COLUMN processed BOOLEAN DEFAULT FALSE NOT NULL;

UPDATE s_song SET processed = TRUE;

UPDATE s_songplay_event SET processed = TRUE;

UPDATE s_name SET processed = TRUE;

-- +goose Down
ALTER TABLE s_name DROP COLUMN processed;

ALTER TABLE s_songplay_event DROP COLUMN processed;

ALTER TABLE s_song DROP COLUMN processed;
