-- name: StartRun :exec
INSERT INTO dwh_run (run_id, command, engine, dwh_version, started_at, retries, outcome)
VALUES (sqlc.arg(run_id), sqlc.arg(command), sqlc.arg(engine), sqlc.arg(dwh_version),
    sqlc.arg(started_at), 0, 'running');

-- name: EndRun :exec
UPDATE dwh_run
SET ended_at = sqlc.arg(ended_at), outcome = sqlc.arg(outcome), error = sqlc.narg(error),
    retries = sqlc.arg(retries)
WHERE run_id = sqlc.arg(run_id);

-- name: BeatRun :exec
-- The heartbeat of a run: until the run ends, ended_at is its last heartbeat.
UPDATE dwh_run
SET ended_at = sqlc.arg(ended_at)
WHERE run_id = sqlc.arg(run_id)
    AND outcome = 'running';

-- name: FailRun :exec
-- Sets the outcome of a run after its end.
UPDATE dwh_run
SET outcome = sqlc.arg(outcome), error = sqlc.arg(error)
WHERE run_id = sqlc.arg(run_id);

-- name: ExtendRun :exec
-- The checks over all rows come after a run, and belong to it.
UPDATE dwh_run
SET ended_at = sqlc.arg(ended_at)
WHERE run_id = sqlc.arg(run_id);

-- name: AddStep :exec
INSERT INTO dwh_step (run_id, position, step, started_at, ended_at, rows_in, rows_out, fingerprint,
    outcome, note)
VALUES (sqlc.arg(run_id), sqlc.arg(position), sqlc.arg(step), sqlc.arg(started_at),
    sqlc.arg(ended_at), sqlc.arg(rows_in), sqlc.arg(rows_out), sqlc.narg(fingerprint),
    sqlc.arg(outcome), sqlc.narg(note));

-- name: AddCheck :exec
INSERT INTO dwh_check (run_id, name, severity, outcome, violations, checked_at)
VALUES (sqlc.arg(run_id), sqlc.arg(name), sqlc.arg(severity), sqlc.arg(outcome),
    sqlc.arg(violations), sqlc.arg(checked_at));

-- name: Runs :many
SELECT run_id, command, engine, dwh_version, started_at, ended_at, retries, outcome, error
FROM (
    SELECT
        run.run_id, run.command, run.engine, run.dwh_version, run.started_at, run.ended_at,
            run.retries, run.outcome, run.error,
        ROW_NUMBER() OVER (ORDER BY run.started_at DESC, run.run_id DESC) AS place
    FROM dwh_run AS run
) AS latest
WHERE latest.place <= CAST(sqlc.arg(max_rows) AS BIGINT)
ORDER BY latest.place;

-- name: Steps :many
SELECT step.run_id, step.position, step.step, step.started_at, step.ended_at, step.rows_in,
    step.rows_out, step.fingerprint, step.outcome, step.note
FROM dwh_step AS step
WHERE step.run_id = sqlc.arg(run_id)
ORDER BY step.position;

-- name: KnownObjects :many
-- The ledger's rows of one table between two URLs, both included, in the order of the listing.
SELECT object.url, object.etag, object.outcome
FROM s_object AS object
WHERE object.table_name = sqlc.arg(table_name)
    AND object.url BETWEEN sqlc.arg(first_url) AND sqlc.arg(last_url)
ORDER BY object.url, object.etag;

-- name: ForgetFailedRejects :exec
-- Deletes the rejects of a failed attempt when the object is tried again.
DELETE FROM s_reject
WHERE table_name = sqlc.arg(table_name)
    AND url = sqlc.arg(url)
    AND outcome = 'failed';

-- name: Rejects :many
SELECT latest.load_id, latest.table_name, latest.url, latest.line, latest.column_name,
    latest.reason, latest.raw_text, latest.outcome, latest.rejected_at
FROM (
    SELECT
        reject.load_id, reject.table_name, reject.url, reject.line, reject.column_name,
            reject.reason, reject.raw_text, reject.outcome, reject.rejected_at,
        ROW_NUMBER()
            OVER (ORDER BY reject.rejected_at DESC, reject.url, reject.line,
            reject.column_name) AS place
    FROM s_reject AS reject
) AS latest
WHERE latest.place <= CAST(sqlc.arg(max_rows) AS BIGINT)
ORDER BY latest.place;

-- name: RejectTables :many
-- The tables that objects of this URL were refused for.
SELECT DISTINCT reject.table_name
FROM s_reject AS reject
WHERE reject.url = sqlc.arg(url)
ORDER BY reject.table_name;

-- name: Fingerprints :many
-- The transforms that the star follows from, and the run that they were written down in.
SELECT transform.name, transform.fingerprint, transform.run_id, run.command
FROM dwh_transform AS transform
LEFT JOIN dwh_run AS run
    ON run.run_id = transform.run_id
ORDER BY transform.name;

-- name: ForgetFingerprint :exec
DELETE FROM dwh_transform
WHERE name = sqlc.arg(name);

-- name: AddFingerprint :exec
INSERT INTO dwh_transform (name, fingerprint, run_id, file_text)
VALUES (sqlc.arg(name), sqlc.arg(fingerprint), sqlc.arg(run_id), sqlc.narg(file_text));

-- name: TransformTexts :many
-- The files of the transforms that the star follows from.
SELECT transform.name, transform.fingerprint, transform.run_id, transform.file_text
FROM dwh_transform AS transform
ORDER BY transform.name;

-- name: StepTimes :many
-- How long the steps of the last runs took, the newest first.
SELECT latest.step, latest.rows_in, latest.rows_out, latest.started_at, latest.ended_at
FROM (
    SELECT
        step.step, step.rows_in, step.rows_out, step.started_at, step.ended_at,
        ROW_NUMBER()
            OVER (PARTITION BY step.step ORDER BY step.started_at DESC, step.run_id) AS place
    FROM dwh_step AS step
    WHERE step.outcome = 'done'
        AND step.ended_at IS NOT NULL
) AS latest
WHERE latest.place <= 20
ORDER BY latest.step, latest.place;

-- name: LoadedSizes :many
-- How many bytes and rows were loaded into each table, of objects whose rows are known.
SELECT
    object.table_name,
    CAST(COALESCE(SUM(object.size), 0) AS BIGINT) AS bytes,
    CAST(COALESCE(SUM(object.rows), 0) AS BIGINT) AS rows
FROM s_object AS object
WHERE object.outcome = 'loaded'
    AND object.rows IS NOT NULL
GROUP BY object.table_name
ORDER BY object.table_name;

-- name: StaleMarks :many
SELECT stale.subject, stale.reason, stale.since
FROM dwh_stale AS stale
ORDER BY stale.since, stale.subject, stale.reason;

-- name: AddStaleMark :exec
INSERT INTO dwh_stale (subject, reason, since)
VALUES (sqlc.arg(subject), sqlc.arg(reason), sqlc.arg(since));

-- name: ForgetStaleMarks :exec
DELETE FROM dwh_stale;

-- name: FailedURLs :many
-- The objects of a table whose last try failed.
SELECT DISTINCT reject.url
FROM s_reject AS reject
WHERE reject.table_name = sqlc.arg(table_name)
    AND reject.outcome = 'failed'
ORDER BY reject.url;

-- name: ForgetStaleMark :exec
DELETE FROM dwh_stale
WHERE subject = sqlc.arg(subject)
    AND reason = sqlc.arg(reason);

-- name: Lease :one
-- The holder of a role, and the number of its heartbeats.
SELECT lease.holder, lease.beat
FROM dwh_lease AS lease
WHERE lease.name = sqlc.arg(name);

-- name: TakeLease :execrows
-- Takes or keeps a role, if nobody has changed it since it was read.
UPDATE dwh_lease
SET holder = sqlc.arg(holder), beat = beat + 1
WHERE name = sqlc.arg(name)
    AND holder = sqlc.arg(held_by)
    AND beat = sqlc.arg(seen_beat);

-- name: LeaveLease :execrows
UPDATE dwh_lease
SET holder = '', beat = beat + 1
WHERE name = sqlc.arg(name)
    AND holder = sqlc.arg(holder);

-- name: UncountedObjects :many
-- The loaded objects of a table whose counts were not known yet when they were loaded. Where only
-- rows is NULL, the number stays unknown: Redshift counts the rows of a COPY, not those of an
-- object.
SELECT object.url, object.etag, object.load_id
FROM s_object AS object
WHERE object.table_name = sqlc.arg(table_name)
    AND object.outcome = 'loaded'
    AND object.rows IS NULL
    AND object.rejects IS NULL
ORDER BY object.url, object.etag;

-- name: CountObject :exec
-- Fills in what a loaded object held, and the etag of the bytes that were read.
UPDATE s_object
SET etag = sqlc.arg(read_etag), rows = sqlc.arg(rows), rejects = sqlc.arg(rejects)
WHERE table_name = sqlc.arg(table_name)
    AND url = sqlc.arg(url)
    AND etag = sqlc.arg(etag)
    AND rows IS NULL
    AND rejects IS NULL;

-- name: LedgerOf :many
-- The versions of an object that the ledger holds.
SELECT object.table_name, object.etag, object.outcome, object.loaded_at, object.rejects
FROM s_object AS object
WHERE object.url = sqlc.arg(url)
ORDER BY object.table_name, object.loaded_at, object.etag;

-- name: ForgetGivenUp :execrows
-- An object that was quarantined or skipped is tried again.
DELETE FROM s_object
WHERE url = sqlc.arg(url)
    AND table_name = sqlc.arg(table_name)
    AND outcome IN ('quarantined', 'skipped');

-- name: RejectsInLastLoad :many
-- The last load refused no record.
SELECT
    reject.table_name,
    reject.url,
    reject.line,
    reject.column_name,
    reject.reason
FROM s_reject AS reject
INNER JOIN (
    SELECT MAX(latest.load_id) AS load_id
    FROM (
        SELECT s_object.load_id FROM s_object
        UNION ALL
        SELECT s_reject.load_id FROM s_reject
    ) AS latest
) AS last_load
    ON last_load.load_id = reject.load_id
ORDER BY reject.table_name, reject.url, reject.line, reject.column_name, reject.reason;
