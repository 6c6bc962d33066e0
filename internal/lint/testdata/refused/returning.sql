-- kind: query
-- name: Delete :many
DELETE FROM t WHERE a = sqlc.arg(a) RETURNING a;
