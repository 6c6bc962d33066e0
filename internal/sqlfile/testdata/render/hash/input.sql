-- f_songplay: one row per songplay.
-- reads:  s_songplay_event
-- writes: f_songplay
INSERT INTO f_songplay (songplay_id, title)
SELECT
    /*postgres*/ encode(sha256(convert_to(x, 'UTF8')), 'hex') /*redshift sha2(x, 256) */ AS songplay_id,
    'naïve /*postgres*/ ¿text?' || /*postgres*/ 'Größe' /*redshift 'größe' */ AS title -- /*postgres*/ in a comment is text
FROM event /* an ordinary /* nested /*redshift */ comment */ */
WHERE "/*redshift*/" = $q$ /*postgres*/ ; 'x' $q$;
