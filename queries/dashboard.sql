-- name: RunsPage :many
-- The runs from one place to another, both included and counted from 1, the latest first.
SELECT latest.run_id, latest.command, latest.engine, latest.dwh_version, latest.started_at,
    latest.ended_at, latest.retries, latest.outcome, latest.error
FROM (
    SELECT
        run.run_id, run.command, run.engine, run.dwh_version, run.started_at, run.ended_at,
            run.retries, run.outcome, run.error,
        ROW_NUMBER() OVER (ORDER BY run.started_at DESC, run.run_id DESC) AS place
    FROM dwh_run AS run
) AS latest
WHERE latest.place >= CAST(sqlc.arg(first_place) AS BIGINT)
    AND latest.place <= CAST(sqlc.arg(last_place) AS BIGINT)
ORDER BY latest.place;

-- name: StepsOfRuns :many
-- The steps that went well in the runs from one place to another, as RunsPage counts them.
SELECT step.run_id, step.step, step.rows_out, step.note
FROM dwh_step AS step
INNER JOIN (
    SELECT
        run.run_id,
        ROW_NUMBER() OVER (ORDER BY run.started_at DESC, run.run_id DESC) AS place
    FROM dwh_run AS run
) AS latest
    ON latest.run_id = step.run_id
WHERE latest.place >= CAST(sqlc.arg(first_place) AS BIGINT)
    AND latest.place <= CAST(sqlc.arg(last_place) AS BIGINT)
    AND step.outcome = 'done'
ORDER BY step.run_id, step.position;

-- name: OneRun :many
-- The run of an id, or no row.
SELECT run.run_id, run.command, run.engine, run.dwh_version, run.started_at, run.ended_at,
    run.retries, run.outcome, run.error
FROM dwh_run AS run
WHERE run.run_id = sqlc.arg(run_id);

-- name: ChecksOfRun :many
-- The failed ones first.
SELECT checked.run_id, checked.name, checked.severity, checked.outcome, checked.violations,
    checked.checked_at
FROM dwh_check AS checked
WHERE checked.run_id = sqlc.arg(run_id)
ORDER BY CASE checked.outcome WHEN 'fail' THEN 1 WHEN 'warn' THEN 2 WHEN 'ok' THEN 3 ELSE 4 END,
    checked.name, checked.checked_at;

-- name: LatestChecks :many
-- What each check found when it was last made.
SELECT latest.run_id, latest.name, latest.severity, latest.outcome, latest.violations,
    latest.checked_at
FROM (
    SELECT
        checked.run_id, checked.name, checked.severity, checked.outcome, checked.violations,
            checked.checked_at,
        ROW_NUMBER()
            OVER (PARTITION BY checked.name ORDER BY checked.checked_at DESC,
            checked.run_id DESC) AS place
    FROM dwh_check AS checked
) AS latest
WHERE latest.place = 1
ORDER BY latest.name;

-- name: JournalPulse :one
-- What changes whenever a run begins or ends.
-- A journal without any has 1970.
SELECT
    COUNT(*) AS runs,
    CAST(COALESCE(MAX(run.started_at), TIMESTAMP '1970-01-01 00:00:00') AS TIMESTAMP) AS started_at,
    CAST(COALESCE(MAX(CASE WHEN run.outcome <> 'running' THEN run.ended_at END),
        TIMESTAMP '1970-01-01 00:00:00') AS TIMESTAMP) AS ended_at,
    CAST(COALESCE(MAX(CASE WHEN run.outcome = 'done' THEN run.ended_at END),
        TIMESTAMP '1970-01-01 00:00:00') AS TIMESTAMP) AS done_at
FROM dwh_run AS run;

-- name: NewestPlay :many
-- The moment of the newest songplay, in milliseconds since 1970, or no row: each user's row holds
-- that of their latest.
SELECT CAST(MAX(listener.last_ts) AS BIGINT) AS ts
FROM d_user AS listener
WHERE listener.last_ts IS NOT NULL
HAVING COUNT(*) > 0;

-- name: GivenUpObjects :many
-- The objects that could not be loaded at all, the latest first.
SELECT latest.url, latest.table_name, latest.reason, latest.load_id, latest.rejected_at
FROM (
    SELECT
        reject.url, reject.table_name, LEFT(COALESCE(reject.reason, ''), 500) AS reason,
            reject.load_id, reject.rejected_at,
        ROW_NUMBER() OVER (ORDER BY reject.rejected_at DESC, reject.url, reject.table_name) AS place
    FROM s_reject AS reject
    WHERE reject.outcome = 'failed'
        AND reject.line = 0
) AS latest
WHERE latest.place <= CAST(sqlc.arg(max_rows) AS BIGINT)
ORDER BY latest.place;

-- name: RejectsPage :many
-- The refused records from one place to another, both included and counted from 1, the latest
-- first. An empty table_name or url stands for all; a url is looked for anywhere in an object's.
SELECT latest.load_id, latest.table_name, latest.url, latest.line, latest.column_name,
    latest.reason, latest.raw_start, latest.raw_bytes, latest.outcome, latest.rejected_at
FROM (
    SELECT
        reject.load_id, reject.table_name, reject.url, reject.line, reject.column_name,
            reject.outcome, reject.rejected_at,
        LEFT(COALESCE(reject.reason, ''), 500) AS reason,
        LEFT(COALESCE(reject.raw_text, ''), 200) AS raw_start,
        CAST(COALESCE(OCTET_LENGTH(reject.raw_text), 0) AS BIGINT) AS raw_bytes,
        ROW_NUMBER()
            OVER (ORDER BY reject.rejected_at DESC, reject.url, reject.line,
            reject.column_name) AS place
    FROM s_reject AS reject
    WHERE (CAST(sqlc.arg(table_name) AS VARCHAR(127)) = ''
        OR reject.table_name = CAST(sqlc.arg(table_name) AS VARCHAR(127)))
        AND (CAST(sqlc.arg(url) AS VARCHAR(2048)) = ''
            OR STRPOS(reject.url, CAST(sqlc.arg(url) AS VARCHAR(2048))) > 0)
) AS latest
WHERE latest.place >= CAST(sqlc.arg(first_place) AS BIGINT)
    AND latest.place <= CAST(sqlc.arg(last_place) AS BIGINT)
ORDER BY latest.place;

-- name: RejectsAt :many
-- The refused records of one line, whole; a line may have been refused for several columns.
SELECT latest.load_id, latest.table_name, latest.url, latest.line, latest.column_name,
    latest.reason, latest.raw_text, latest.outcome, latest.rejected_at
FROM (
    SELECT
        reject.load_id, reject.table_name, reject.url, reject.line, reject.column_name,
            reject.reason, reject.raw_text, reject.outcome, reject.rejected_at,
        ROW_NUMBER() OVER (ORDER BY reject.column_name, reject.rejected_at DESC) AS place
    FROM s_reject AS reject
    WHERE reject.load_id = sqlc.arg(load_id)
        AND reject.table_name = sqlc.arg(table_name)
        AND reject.url = sqlc.arg(url)
        AND reject.line = sqlc.arg(line)
) AS latest
WHERE latest.place <= 20
ORDER BY latest.place;

-- name: StepHistory :many
-- What a step did in its latest runs, the latest first.
SELECT latest.run_id, latest.step, latest.started_at, latest.rows_in, latest.rows_out,
    latest.outcome, latest.note
FROM (
    SELECT
        step.run_id, step.step, step.started_at, step.rows_in, step.rows_out, step.outcome,
            step.note,
        ROW_NUMBER() OVER (ORDER BY step.started_at DESC, step.run_id DESC) AS place
    FROM dwh_step AS step
    WHERE step.step = sqlc.arg(step)
) AS latest
WHERE latest.place <= CAST(sqlc.arg(max_rows) AS BIGINT)
ORDER BY latest.place;

-- name: CheckRuns :many
-- The runs that made a check. The command dwh check makes checks too, and is no run.
SELECT run.run_id
FROM dwh_run AS run
WHERE run.run_id IN (
    SELECT checked.run_id
    FROM dwh_check AS checked
    WHERE checked.name = sqlc.arg(name)
);

-- name: CheckHistory :many
-- What a check found in its latest runs, the latest first.
SELECT latest.run_id, latest.name, latest.severity, latest.outcome, latest.violations,
    latest.checked_at
FROM (
    SELECT
        checked.run_id, checked.name, checked.severity, checked.outcome, checked.violations,
            checked.checked_at,
        ROW_NUMBER() OVER (ORDER BY checked.checked_at DESC, checked.run_id DESC) AS place
    FROM dwh_check AS checked
    WHERE checked.name = sqlc.arg(name)
) AS latest
WHERE latest.place <= CAST(sqlc.arg(max_rows) AS BIGINT)
ORDER BY latest.place;
