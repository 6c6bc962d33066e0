-- kind: migration
-- +goose Up
-- +goose StatementBegin
DO $$
BEGIN
    DELETE FROM t;
END
$$;
-- +goose StatementEnd
