-- Only U+0020 is trimmed, no tab and no line break.
INSERT INTO s_song (song_id, title) VALUES ('S1', 'T' || CHR(9)), ('S2', 'T' || CHR(160));
