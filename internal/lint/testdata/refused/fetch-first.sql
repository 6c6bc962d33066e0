-- kind: query
-- name: First :one
SELECT a FROM t ORDER BY a FETCH FIRST 1 ROW ONLY;
