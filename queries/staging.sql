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
SET raw_text = NULL, reason = 'erased', column_name = NULL, exact = FALSE
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

-- name: RenameObjects :exec
UPDATE s_object
SET table_name = sqlc.arg(new_name)
WHERE table_name = sqlc.arg(table_name);

-- name: RenameRejects :exec
UPDATE s_reject
SET table_name = sqlc.arg(new_name)
WHERE table_name = sqlc.arg(table_name);

-- name: RefusedRecords :many
-- The refused records of a table whose objects were loaded, with the version of the object. An
-- empty url stands for all.
SELECT
    reject.load_id,
    reject.url,
    reject.line,
    reject.column_name,
    reject.reason,
    reject.raw_text,
    reject.exact,
    reject.fingerprint,
    reject.rejected_at,
    object.etag
FROM s_reject AS reject
LEFT JOIN s_object AS object
    ON object.table_name = reject.table_name
    AND object.url = reject.url
    AND object.load_id = reject.load_id
    AND object.outcome = 'loaded'
WHERE reject.table_name = sqlc.arg(table_name)
    AND (CAST(sqlc.arg(url) AS VARCHAR(2048)) = ''
        OR reject.url = CAST(sqlc.arg(url) AS VARCHAR(2048)))
    AND reject.outcome = 'loaded'
    AND reject.line > 0
ORDER BY reject.url, reject.load_id, reject.line;

-- name: UnloadedObjects :many
-- The objects of a table of which every record was refused, and none erased. An empty url stands
-- for all.
SELECT
    object.url,
    object.etag,
    object.load_id
FROM s_object AS object
INNER JOIN s_reject AS reject
    ON reject.table_name = object.table_name
    AND reject.url = object.url
    AND reject.load_id = object.load_id
    AND reject.outcome = 'loaded'
    AND reject.line > 0
WHERE object.table_name = sqlc.arg(table_name)
    AND (CAST(sqlc.arg(url) AS VARCHAR(2048)) = ''
        OR object.url = CAST(sqlc.arg(url) AS VARCHAR(2048)))
    AND object.outcome = 'loaded'
    AND object.rows = 0
GROUP BY object.url, object.etag, object.load_id
HAVING SUM(CASE WHEN reject.raw_text IS NULL AND reject.reason = 'erased' THEN 1 ELSE 0 END) = 0
ORDER BY object.url, object.etag;

-- name: ForgetUnloaded :execrows
-- An object of which nothing was loaded is loaded again.
DELETE FROM s_object
WHERE table_name = sqlc.arg(table_name)
    AND url = sqlc.arg(url)
    AND etag = sqlc.arg(etag)
    AND outcome = 'loaded'
    AND rows = 0;

-- name: ForgetRejects :exec
-- What a load has refused of an object.
DELETE FROM s_reject
WHERE table_name = sqlc.arg(table_name)
    AND url = sqlc.arg(url)
    AND load_id = sqlc.arg(load_id)
    AND outcome = 'loaded';

-- name: CountRetried :exec
-- Refused records of an object are loaded after all.
UPDATE s_object
SET rows = rows + sqlc.arg(more_rows), rejects = rejects + sqlc.arg(more_rejects)
WHERE table_name = sqlc.arg(table_name)
    AND url = sqlc.arg(url)
    AND etag = sqlc.arg(etag);

-- name: RefusedByText :many
-- How many refused records there are by the COPY's text, but for erased ones.
SELECT
    reject.table_name,
    reject.fingerprint,
    COUNT(*) AS records
FROM s_reject AS reject
WHERE reject.outcome = 'loaded'
    AND reject.line > 0
    AND (reject.raw_text IS NOT NULL OR reject.reason <> 'erased')
GROUP BY reject.table_name, reject.fingerprint
ORDER BY reject.table_name, reject.fingerprint;

-- name: RefusedCount :one
-- How many records of a table, or of one object for it, can be tried again.
SELECT COUNT(*) AS records
FROM s_reject AS reject
WHERE reject.table_name = sqlc.arg(table_name)
    AND (CAST(sqlc.arg(url) AS VARCHAR(2048)) = ''
        OR reject.url = CAST(sqlc.arg(url) AS VARCHAR(2048)))
    AND reject.outcome = 'loaded'
    AND reject.line > 0
    AND (reject.raw_text IS NOT NULL OR reject.exact OR reject.reason <> 'erased');
