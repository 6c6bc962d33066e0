-- name: SongRows :many
-- The staged songs with a song_id.
SELECT
    song.song_id,
    song.title,
    song.artist_id,
    song.artist_name,
    song.duration,
    song.year
FROM s_song AS song
WHERE RTRIM(song.song_id) = RTRIM(CAST(sqlc.arg(song_id) AS VARCHAR(64)))
ORDER BY song.title, song.artist_id, song.artist_name, song.duration, song.year;

-- name: UserEventCount :one
-- How many staged events a user has.
SELECT COUNT(*) AS events
FROM s_songplay_event AS event
WHERE RTRIM(event.user_id) = RTRIM(CAST(sqlc.arg(user_id) AS VARCHAR(64)));

-- name: UserEvents :many
-- The first staged events of a user.
SELECT
    listed.ts,
    listed.page,
    listed.session_id,
    listed.item_in_session,
    listed.first_name,
    listed.last_name,
    listed.artist,
    listed.song
FROM (
    SELECT
        event.ts,
        event.page,
        event.session_id,
        event.item_in_session,
        event.first_name,
        event.last_name,
        event.artist,
        event.song,
        ROW_NUMBER() OVER (ORDER BY event.ts, event.session_id, event.item_in_session, event.page) AS place
    FROM s_songplay_event AS event
    WHERE RTRIM(event.user_id) = RTRIM(CAST(sqlc.arg(user_id) AS VARCHAR(64)))
) AS listed
WHERE listed.place <= CAST(sqlc.arg(max_rows) AS BIGINT)
ORDER BY listed.place;

-- name: RejectTexts :many
-- The raw texts of a table's rejects, with what tells the rows apart.
SELECT DISTINCT
    reject.url,
    reject.line,
    reject.raw_text,
    reject.reason
FROM s_reject AS reject
WHERE reject.table_name = sqlc.arg(table_name)
    AND reject.raw_text IS NOT NULL
ORDER BY reject.url, reject.line;

-- name: EraseReject :execrows
-- A reject keeps its place and loses its text.
UPDATE s_reject
SET raw_text = NULL, reason = 'erased'
WHERE table_name = sqlc.arg(table_name)
    AND url = sqlc.arg(url)
    AND line = sqlc.arg(line);

-- name: DeleteSongs :execrows
DELETE FROM s_song;

-- name: DeleteEvents :execrows
DELETE FROM s_songplay_event;

-- name: DeleteNames :execrows
DELETE FROM s_name;

-- name: DeleteObjects :exec
DELETE FROM s_object
WHERE table_name = sqlc.arg(table_name);

-- name: DeleteRejects :exec
DELETE FROM s_reject
WHERE table_name = sqlc.arg(table_name);
