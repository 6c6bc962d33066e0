-- PostgreSQL only: what finds the plays of a late song holds hashes of the artist and song as BPCHAR, which leaves the blanks at their ends out without RTRIM's
-- copy of each. The values are the same, and the index is built in three quarters of the time. transforms/020_s_songplay_event.sql names it: the next run builds it.
-- A statistics object is empty until its table is analyzed. Nobody waits for that: the index, which locks readers out, goes last.

-- +goose Up












-- +goose Down
