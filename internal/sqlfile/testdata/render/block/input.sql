-- +goose Up
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION f_sha256 (VARCHAR) RETURNS VARCHAR IMMUTABLE AS $$
    SELECT /*postgres*/ 1;
$$ LANGUAGE sql;
-- +goose StatementEnd

-- +goose StatementBegin
/*postgres*/
DO $$ BEGIN
    PERFORM 1;
END $$
/*redshift*/;
-- +goose StatementEnd

SELECT 1;

-- +goose Down
SELECT 2;
