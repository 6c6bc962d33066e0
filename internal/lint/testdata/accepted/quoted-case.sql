-- kind: query
-- name: Names :many
SELECT "first name", FirstName FROM t;
