-- +goose Up
-- +goose StatementBegin
SELECT /*postgres*/ 1
-- +goose StatementEnd
SELECT 2 /*redshift 3 */;
