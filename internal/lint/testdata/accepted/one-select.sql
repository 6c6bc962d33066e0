-- kind: report
-- A report: what users write.
-- param: artist
WITH song AS (
    SELECT title FROM d_song WHERE artist_id = :'artist'
)
SELECT song.title, COUNT(*) AS songs
FROM song
GROUP BY song.title
ORDER BY song.title;
