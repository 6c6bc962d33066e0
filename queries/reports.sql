-- name: SongplaysByLevel :many
-- plays and listeners of each subscription level
-- param: from date the first day
-- param: to date the last day
SELECT
    played.level,
    CAST(SUM(played.songplays) AS BIGINT) AS songplays,
    COUNT(played.user_id) AS listeners
FROM (
    -- By listener first: PostgreSQL counts distinct values of millions of rows by sorting them all.
    SELECT
        play.level,
        play.user_id,
        COUNT(*) AS songplays
    FROM f_songplay AS play
    WHERE play.start_time >= CAST(sqlc.arg('from') AS DATE)
        AND play.start_time < CAST(sqlc.arg('to') AS DATE) + 1
    GROUP BY play.level, play.user_id
) AS played
GROUP BY played.level
ORDER BY played.level;

-- name: SongplaysByLocation :many
-- plays of each location and level
-- param: from date the first day
-- param: to date the last day
SELECT
    play.location,
    play.level,
    COUNT(*) AS songplays
FROM f_songplay AS play
WHERE play.start_time >= CAST(sqlc.arg('from') AS DATE)
    AND play.start_time < CAST(sqlc.arg('to') AS DATE) + 1
GROUP BY play.location, play.level
ORDER BY play.location, play.level;

-- name: TopArtists :many
-- the most played artists
-- param: limit 10 how many rows
-- param: from date the first day
-- param: to date the last day
-- link: artist artist-locations artist
SELECT
    ranked.rank,
    ranked.artist,
    ranked.songplays
FROM (
    SELECT
        ROW_NUMBER() OVER (ORDER BY play.songplays DESC, artist.name, play.artist_id) AS rank,
        artist.name AS artist,
        play.songplays
    FROM (
        SELECT
            f_songplay.artist_id,
            COUNT(*) AS songplays
        FROM f_songplay
        WHERE f_songplay.artist_id IS NOT NULL
            AND f_songplay.start_time >= CAST(sqlc.arg('from') AS DATE)
            AND f_songplay.start_time < CAST(sqlc.arg('to') AS DATE) + 1
        GROUP BY f_songplay.artist_id
    ) AS play
    LEFT JOIN d_artist AS artist
        ON artist.artist_id = play.artist_id
) AS ranked
WHERE ranked.rank <= CAST(sqlc.arg('limit') AS BIGINT)
ORDER BY ranked.rank;

-- name: TopSongs :many
-- the most played songs
-- param: limit 10 how many rows
-- param: from date the first day
-- param: to date the last day
-- link: artist artist-locations artist
SELECT
    ranked.rank,
    ranked.song,
    ranked.artist,
    ranked.songplays
FROM (
    SELECT
        ROW_NUMBER() OVER (ORDER BY play.songplays DESC, song.title, play.song_id) AS rank,
        song.title AS song,
        artist.name AS artist,
        play.songplays
    FROM (
        SELECT
            f_songplay.song_id,
            COUNT(*) AS songplays
        FROM f_songplay
        WHERE f_songplay.song_id IS NOT NULL
            AND f_songplay.start_time >= CAST(sqlc.arg('from') AS DATE)
            AND f_songplay.start_time < CAST(sqlc.arg('to') AS DATE) + 1
        GROUP BY f_songplay.song_id
    ) AS play
    LEFT JOIN d_song AS song
        ON song.song_id = play.song_id
    LEFT JOIN d_artist AS artist
        ON artist.artist_id = song.artist_id
) AS ranked
WHERE ranked.rank <= CAST(sqlc.arg('limit') AS BIGINT)
ORDER BY ranked.rank;

-- name: TopArtistsByGender :many
-- the most played artists among women and men
-- param: limit 10 how many rows
-- param: from date the first day
-- param: to date the last day
-- link: female artist-locations artist
-- link: male artist-locations artist
WITH ranked AS (
    SELECT
        play.gender,
        artist.name AS artist,
        ROW_NUMBER() OVER (
            PARTITION BY play.gender
            ORDER BY play.songplays DESC, artist.name, play.artist_id
        ) AS rank
    FROM (
        SELECT
            listener.gender,
            f_songplay.artist_id,
            COUNT(*) AS songplays
        FROM f_songplay
        INNER JOIN d_user AS listener
            ON listener.user_id = f_songplay.user_id
        WHERE f_songplay.artist_id IS NOT NULL
            AND listener.gender IN ('F', 'M')
            AND f_songplay.start_time >= CAST(sqlc.arg('from') AS DATE)
            AND f_songplay.start_time < CAST(sqlc.arg('to') AS DATE) + 1
        GROUP BY listener.gender, f_songplay.artist_id
    ) AS play
    LEFT JOIN d_artist AS artist
        ON artist.artist_id = play.artist_id
)
SELECT
    ranked.rank,
    MAX(CASE WHEN ranked.gender = 'F' THEN ranked.artist END) AS female,
    MAX(CASE WHEN ranked.gender = 'M' THEN ranked.artist END) AS male
FROM ranked
WHERE ranked.rank <= CAST(sqlc.arg('limit') AS BIGINT)
GROUP BY ranked.rank
ORDER BY ranked.rank;

-- name: ArtistLocations :many
-- where an artist's listeners are
-- param: artist - the artist's name
-- param: limit 10 how many rows
-- param: from date the first day
-- param: to date the last day
SELECT
    ranked.location,
    ranked.songplays
FROM (
    SELECT
        play.location,
        play.songplays,
        ROW_NUMBER() OVER (ORDER BY play.songplays DESC, play.location) AS place
    FROM (
        SELECT
            f_songplay.location,
            COUNT(*) AS songplays
        FROM f_songplay
        INNER JOIN d_artist AS artist
            ON artist.artist_id = f_songplay.artist_id
        -- Every artist_id of that name counts.
        WHERE artist.name = RTRIM(CAST(sqlc.arg('artist') AS VARCHAR(1024)))
            AND f_songplay.start_time >= CAST(sqlc.arg('from') AS DATE)
            AND f_songplay.start_time < CAST(sqlc.arg('to') AS DATE) + 1
        GROUP BY f_songplay.location
    ) AS play
) AS ranked
WHERE ranked.place <= CAST(sqlc.arg('limit') AS BIGINT)
ORDER BY ranked.place;

-- name: GenderBreakdown :many
-- staged events by gender
SELECT
    said.gender,
    COUNT(*) AS events
FROM (
    -- The event's gender, else that of its first name.
    SELECT
        CAST(COALESCE(NULLIF(RTRIM(event.gender), ''), named.sex) AS VARCHAR(64)) AS gender
    FROM s_songplay_event AS event
    LEFT JOIN (
        SELECT
            RTRIM(name.name) AS first_name,
            NULLIF(RTRIM(name.sex), '') AS sex,
            ROW_NUMBER() OVER (
                PARTITION BY RTRIM(name.name)
                ORDER BY
                    CASE WHEN name.births IS NULL THEN 1 ELSE 0 END,
                    name.births DESC,
                    RTRIM(name.sex)
            ) AS place
        FROM s_name AS name
    ) AS named
        ON named.first_name = RTRIM(event.first_name)
        AND named.place = 1
) AS said
GROUP BY said.gender
ORDER BY said.gender;

-- name: SongplaysByHour :many
-- plays of each hour of the day, UTC
-- param: from date the first day
-- param: to date the last day
SELECT
    d_time.hour,
    COUNT(*) AS songplays
FROM f_songplay AS play
INNER JOIN d_time
    ON d_time.start_time = play.start_time
WHERE play.start_time >= CAST(sqlc.arg('from') AS DATE)
    AND play.start_time < CAST(sqlc.arg('to') AS DATE) + 1
GROUP BY d_time.hour
ORDER BY d_time.hour;

-- name: SongplaysByWeekday :many
-- plays of each weekday, 0 for Monday, UTC
-- param: from date the first day
-- param: to date the last day
SELECT
    d_time.weekday,
    COUNT(*) AS songplays
FROM f_songplay AS play
INNER JOIN d_time
    ON d_time.start_time = play.start_time
WHERE play.start_time >= CAST(sqlc.arg('from') AS DATE)
    AND play.start_time < CAST(sqlc.arg('to') AS DATE) + 1
GROUP BY d_time.weekday
ORDER BY d_time.weekday;

-- name: DailyActivity :many
-- plays, listeners and sessions of each day, UTC
-- param: from date the first day
-- param: to date the last day
-- tile: Plays = songplays by day
-- tile: Listeners a day = mean listeners by day
SELECT
    CAST(TO_CHAR(play.start_time, 'YYYY-MM-DD') AS VARCHAR(10)) AS day,
    COUNT(*) AS songplays,
    COUNT(DISTINCT play.user_id) AS listeners,
    COUNT(DISTINCT play.session_id) AS sessions
FROM f_songplay AS play
WHERE play.start_time >= CAST(sqlc.arg('from') AS DATE)
    AND play.start_time < CAST(sqlc.arg('to') AS DATE) + 1
GROUP BY TO_CHAR(play.start_time, 'YYYY-MM-DD')
ORDER BY 1;

-- name: DailyMatches :many
-- plays of each day, UTC, and how many of them are matched to a song
-- param: from date the first day
-- param: to date the last day
-- tile: Plays matched to a song = matched / songplays by day
SELECT
    CAST(TO_CHAR(play.start_time, 'YYYY-MM-DD') AS VARCHAR(10)) AS day,
    COUNT(*) AS songplays,
    COUNT(play.song_id) AS matched
FROM f_songplay AS play
WHERE play.start_time >= CAST(sqlc.arg('from') AS DATE)
    AND play.start_time < CAST(sqlc.arg('to') AS DATE) + 1
GROUP BY TO_CHAR(play.start_time, 'YYYY-MM-DD')
ORDER BY 1;

-- name: ArtistsGaining :many
-- artists with more plays in the newest seven days than in the seven days before, UTC
-- title: Artists that gained most in a week
-- param: limit 10 how many rows
-- param: to date the last day of the seven
-- chart: bar x=artist y=change
-- link: artist artist-locations artist from=since
-- caption: period since
WITH week AS (
    SELECT CAST(CAST(MAX(f_songplay.start_time) AS DATE) - 6 AS DATE) AS since
    FROM f_songplay
    WHERE f_songplay.start_time < CAST(sqlc.arg('to') AS DATE) + 1
),

played AS (
    SELECT
        week.since,
        f_songplay.artist_id,
        CAST(f_songplay.start_time AS DATE) AS day,
        COUNT(*) AS songplays
    FROM f_songplay
    CROSS JOIN week
    WHERE f_songplay.start_time >= week.since - 7
        AND f_songplay.start_time < week.since + 7
    GROUP BY week.since, f_songplay.artist_id, CAST(f_songplay.start_time AS DATE)
),

told AS (
    -- The two weeks in words, with their days that have no plays.
    SELECT
        days.since,
        CAST(
            TO_CHAR(days.since, 'YYYY-MM-DD') || ' to ' || TO_CHAR(days.since + 6, 'YYYY-MM-DD')
            || CASE WHEN days.newest < 7
                THEN ' (' || CAST(7 - days.newest AS VARCHAR(1)) || ' of 7 days without plays)'
                ELSE ''
            END
            || ' against '
            || TO_CHAR(days.since - 7, 'YYYY-MM-DD') || ' to '
            || TO_CHAR(days.since - 1, 'YYYY-MM-DD')
            || CASE WHEN days.before < 7
                THEN ' (' || CAST(7 - days.before AS VARCHAR(1)) || ' of 7 days without plays)'
                ELSE ''
            END
            AS VARCHAR(120)
        ) AS period
    FROM (
        SELECT
            played.since,
            COUNT(DISTINCT CASE WHEN played.day >= played.since THEN played.day END) AS newest,
            COUNT(DISTINCT CASE WHEN played.day < played.since THEN played.day END) AS before
        FROM played
        GROUP BY played.since
    ) AS days
)

SELECT
    ranked.artist,
    ranked.change,
    ranked.songplays,
    ranked.week_before,
    told.period,
    told.since
FROM (
    SELECT
        play.artist,
        CAST(play.songplays - play.week_before AS BIGINT) AS change,
        play.songplays,
        play.week_before,
        ROW_NUMBER() OVER (
            ORDER BY
                play.songplays - play.week_before DESC,
                play.songplays DESC,
                play.artist
        ) AS place
    FROM (
        -- By name, as the report that each artist leads to.
        SELECT
            artist.name AS artist,
            CAST(SUM(CASE WHEN played.day >= played.since THEN played.songplays ELSE 0 END)
                AS BIGINT) AS songplays,
            CAST(SUM(CASE WHEN played.day < played.since THEN played.songplays ELSE 0 END)
                AS BIGINT) AS week_before
        FROM played
        INNER JOIN d_artist AS artist
            ON artist.artist_id = played.artist_id
        GROUP BY artist.name
    ) AS play
    WHERE play.songplays > play.week_before
) AS ranked
CROSS JOIN told
WHERE ranked.place <= CAST(sqlc.arg('limit') AS BIGINT)
ORDER BY ranked.place;
