-- name: RejectTexts :many
-- The raw texts of a table's rejects, with what tells the rows apart; a reason may quote the text.
SELECT
    reject.load_id,
    reject.url,
    reject.line,
    reject.raw_text,
    reject.reason
FROM s_reject AS reject
WHERE reject.table_name = sqlc.arg(table_name)
ORDER BY reject.url, reject.line, reject.load_id;

-- name: EraseReject :execrows
-- A reject keeps its place and loses its text.
UPDATE s_reject
SET raw_text = NULL, reason = 'erased', column_name = NULL
WHERE table_name = sqlc.arg(table_name)
    AND load_id = sqlc.arg(load_id)
    AND url = sqlc.arg(url)
    AND line = sqlc.arg(line);

-- name: LedgerTables :many
-- The tables that loaded or refused objects belong to.
SELECT DISTINCT noted.table_name
FROM (
    SELECT object.table_name FROM s_object AS object
    UNION ALL
    SELECT reject.table_name FROM s_reject AS reject
) AS noted
ORDER BY noted.table_name;

-- name: DeleteObjects :exec
DELETE FROM s_object
WHERE table_name = sqlc.arg(table_name);

-- name: DeleteRejects :exec
DELETE FROM s_reject
WHERE table_name = sqlc.arg(table_name);
