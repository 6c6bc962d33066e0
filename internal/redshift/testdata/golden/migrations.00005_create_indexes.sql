-- PostgreSQL only: indexes that make the cost of an increment follow the size of its batch, and
-- statistics on the expressions that the models select and join by. Without the statistics the
-- planner expects a handful of rows in a whole first load. The indexes of s_songplay_event are in
-- transforms/020_s_songplay_event.sql: a load builds them when the table has rows.

-- +goose Up



























-- +goose Down
-- The indexes that a load has built.
