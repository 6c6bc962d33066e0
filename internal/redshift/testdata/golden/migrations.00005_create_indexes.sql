-- PostgreSQL only: the indexes by which an increment's cost follows its batch, and what the planner
-- has to know of the expressions that the models select and join by. Without the statistics it
-- takes a whole first load for a handful of rows. The indexes of s_songplay_event stand in
-- transforms/020_s_songplay_event.sql: a load builds them, once there are rows.

-- +goose Up



























-- +goose Down
-- Those that a load built, if one has.
