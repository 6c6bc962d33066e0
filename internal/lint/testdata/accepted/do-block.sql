-- kind: migration
-- +goose Up
-- +goose StatementBegin
/*postgres*/ DO $$ BEGIN DELETE FROM t; END $$ /*redshift*/;
-- +goose StatementEnd
