-- kind: query
-- name: Names :many
SELECT "firstName" FROM t;
