-- kind: migration
-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE t ALTER COLUMN a TYPE VARCHAR(128);

-- +goose Down
SELECT 1 AS commit;
