-- kind: migration
-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE t ALTER COLUMN a TYPE VARCHAR(128);

-- +goose Down
ALTER TABLE t ALTER COLUMN a TYPE VARCHAR(64);
