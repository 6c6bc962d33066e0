-- kind: query
-- name: Delete :exec
DELETE FROM t WHERE t.returning = sqlc.arg(returning);
