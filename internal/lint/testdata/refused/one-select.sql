-- kind: report
WITH song AS (
    SELECT title FROM d_song
)
SELECT title INTO t FROM song;

SELECT 1 AS one;

DELETE FROM d_song;
