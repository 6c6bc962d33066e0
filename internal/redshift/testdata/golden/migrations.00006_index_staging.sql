-- PostgreSQL only: what an incremental run needs so that its cost follows the batch. The indexes on the keys
-- cover processed rows alone, so that COPY, whose rows are not, does not pay for them.

-- +goose Up


















-- +goose Down
