-- The listeners with the most plays at one subscription level.
-- param: level
SELECT
    listener.first_name,
    listener.last_name,
    COUNT(*) AS songplays,
    COUNT(DISTINCT play.artist_id) AS artists
FROM f_songplay AS play
INNER JOIN d_user AS listener
    ON listener.user_id = play.user_id
WHERE play.level = :'level'
GROUP BY play.user_id, listener.first_name, listener.last_name
ORDER BY songplays DESC, play.user_id
LIMIT 10;
