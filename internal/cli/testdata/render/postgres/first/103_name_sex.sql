-- an earlier version may have left the scratch schema behind
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;

-- the schema that this run computes in
CREATE SCHEMA "dwh_scratch";

-- names without a schema mean the tables that readers use
SET search_path TO "public";

-- name_sex: its SELECT over the rows as they are now
CREATE VIEW dwh_scratch.name_sex__now_raw AS
SELECT
    RTRIM(name) AS name,
    RTRIM(sex) AS sex,
    births
FROM public.s_name AS s_name
WHERE name IS NOT NULL;

-- name_sex: its rows, once for all that read it
CREATE TABLE dwh_scratch.name_sex__all AS
SELECT w.name, w.sex, w.births
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.name ORDER BY p.births DESC NULLS LAST, p.sex COLLATE "C") AS dwh_place
    FROM (
SELECT p.name, p.sex, p.births FROM dwh_scratch.name_sex__now_raw AS p
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- name_sex: count the values that are joined by
ANALYZE dwh_scratch.name_sex__all (name);

-- name_sex: every row has its key
SELECT COUNT(*)
FROM dwh_scratch.name_sex__all AS r
WHERE r.name IS NULL;

-- nothing stays of what this run computed in
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;
