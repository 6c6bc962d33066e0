-- Plays of an artist.
SELECT COUNT(*) AS songplays FROM f_songplay AS play;
