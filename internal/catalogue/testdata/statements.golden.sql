CREATE SCHEMA "dwh""; DROP TABLE x; --";

DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;

SET search_path TO "dwh_scratch", "public";

CREATE TABLE "dwh_scratch"."d_song" (LIKE "public"."d_song" INCLUDING DEFAULTS);

CREATE VIEW "dwh_scratch"."s_song" AS SELECT staged."song_id", FALSE AS "processed" FROM "public"."s_song" AS staged;

CREATE VIEW "dwh_arrived"."s_song" AS SELECT staged."song_id", FALSE AS "processed" FROM "dwh_arrived"."arrived_s_song" AS staged UNION ALL SELECT staged."song_id", staged."processed" FROM "public"."s_song" AS staged;

INSERT INTO "public"."s_song" ("song_id", "processed") SELECT staged."song_id", TRUE FROM "dwh_arrived"."arrived_s_song" AS staged;

CREATE VIEW "dwh_scratch"."s_song" AS SELECT shown."song_id", shown."processed" FROM "dwh_scratch"."s_song__touched" AS shown;

DROP VIEW "dwh_scratch"."d_song" CASCADE;

DROP VIEW "dwh_scratch"."d_song", "dwh_scratch"."d_song__touched" CASCADE;

SELECT (SELECT COUNT(*) FROM "public"."s_song" AS staged WHERE NOT staged."processed"), (SELECT COUNT(*) FROM "public"."s_name" AS staged WHERE NOT staged."processed");

SELECT EXISTS (SELECT 1 FROM "public"."s_song" AS staged WHERE staged."processed");

UPDATE "public"."s_song" SET "processed" = TRUE WHERE NOT "processed";

SELECT COUNT(*) FROM "public"."d_song";

SELECT EXISTS (SELECT 1 FROM "public"."d_song");

ANALYZE "public"."d_song";

SET LOCAL default_statistics_target = 30; ANALYZE "public"."d_song"; SET LOCAL default_statistics_target = DEFAULT;

INSERT INTO "s_object" ("url", "etag") VALUES ('a', 'b');

SELECT live.held = built.held AND live.hashes IS NOT DISTINCT FROM built.hashes, built.held FROM (SELECT COUNT(*) AS held, SUM(HASHTEXTEXTENDED(COALESCE(r."ti""tle", '-2') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."song_id", '-2') COLLATE "C", HASH_RECORD_EXTENDED(ROW(RECORD_SEND(ROW(r."select"))), '-2')))) AS hashes FROM "public"."d_song" AS r) AS live CROSS JOIN (SELECT COUNT(*) AS held, SUM(HASHTEXTEXTENDED(COALESCE(r."ti""tle", '-2') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."song_id", '-2') COLLATE "C", HASH_RECORD_EXTENDED(ROW(RECORD_SEND(ROW(r."select"))), '-2')))) AS hashes FROM "dwh_scratch"."d_song" AS r) AS built;

CREATE TABLE "dwh_scratch"."difference_d_song" AS SELECT different."song_id", different."select", SUM(different.dwh_live) AS dwh_live, SUM(different.dwh_built) AS dwh_built FROM (SELECT side."song_id", side."ti""tle", side."select", SUM(side.dwh_live) AS dwh_live, SUM(side.dwh_built) AS dwh_built FROM (SELECT live."song_id", live."ti""tle", live."select", 1 AS dwh_live, 0 AS dwh_built FROM "public"."d_song" AS live UNION ALL SELECT built."song_id", built."ti""tle", built."select", 0 AS dwh_live, 1 AS dwh_built FROM "dwh_scratch"."d_song" AS built) AS side GROUP BY side."song_id", side."ti""tle", side."select" HAVING SUM(side.dwh_live) <> SUM(side.dwh_built)) AS different GROUP BY different."song_id", different."select";

SELECT COALESCE(SUM(CASE WHEN dwh_live = 0 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN dwh_live > 0 AND dwh_built > 0 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN dwh_built = 0 THEN 1 ELSE 0 END), 0) FROM "dwh_scratch"."difference_d_song";

DELETE FROM "public"."d_song" USING "dwh_scratch"."difference_d_song" WHERE "public"."d_song"."song_id" = "dwh_scratch"."difference_d_song"."song_id" AND "public"."d_song"."select" = "dwh_scratch"."difference_d_song"."select";

INSERT INTO "public"."d_song" ("song_id", "ti""tle", "select") SELECT built."song_id", built."ti""tle", built."select" FROM "dwh_scratch"."difference_d_song" AS different INNER JOIN "dwh_scratch"."d_song" AS built ON built."song_id" = different."song_id" AND built."select" = different."select";

DROP TABLE "public"."d_song";

DROP TABLE "dwh_scratch"."d_song" CASCADE;

ALTER TABLE "dwh_scratch"."d_song__touched" RENAME TO "d_song";

ALTER TABLE "dwh_scratch"."d_song" SET SCHEMA "public";

ALTER TABLE "dwh_scratch"."d_song" ALTER COLUMN "song_id" SET NOT NULL, ALTER COLUMN "ti""tle" SET NOT NULL;

ALTER TABLE "dwh_scratch"."d_song" ADD CONSTRAINT "d_song""pkey" PRIMARY KEY ("song_id", "select");

INSERT INTO "public"."d_song" ("song_id", "ti""tle", "select") SELECT made."song_id", made."ti""tle", made."select" FROM "dwh_scratch"."d_song" AS made ORDER BY made."song_id", made."select";
