-- kind: query
-- name: Songs :many
SELECT a FROM t WHERE c = sqlc.arg(c) AND d = sqlc.narg('xmin') AND e = @end AND f=@oid AND g = $1;
