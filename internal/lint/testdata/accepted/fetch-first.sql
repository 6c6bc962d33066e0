-- kind: query
-- name: First :one
SELECT t.fetch, t.first FROM t ORDER BY t.first LIMIT 1;
