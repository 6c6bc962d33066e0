-- No session has more plays than a person can listen to; long_session is set under "variables:" in dwh.yaml.
-- severity: warn
SELECT
    play.user_id,
    play.session_id,
    COUNT(*) AS songplays
FROM f_songplay AS play
GROUP BY play.user_id, play.session_id
HAVING COUNT(*) > CAST(:'long_session' AS BIGINT)
ORDER BY play.user_id, play.session_id;
