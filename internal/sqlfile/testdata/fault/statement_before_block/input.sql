-- +goose Up
SELECT 1
-- +goose StatementBegin
SELECT 1;
-- +goose StatementEnd
