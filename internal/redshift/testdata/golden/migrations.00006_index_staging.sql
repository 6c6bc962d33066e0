-- PostgreSQL only: what an incremental run needs so that its cost follows the batch, and what the planner has to know of the expressions that
-- the transforms select and join by; without it, it takes a whole first load for a handful of rows. The indexes of
-- s_songplay_event stand in transforms/020_s_songplay_event.sql: they are built once there are rows.

-- +goose Up


























-- +goose Down
