-- kind: query
-- name: Songs :many
SELECT a /*redshift , b */ FROM t WHERE c = :'c';
