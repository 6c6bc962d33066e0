-- Blanks at the end never count: page, ids, the match, what is stored.
INSERT INTO s_song (song_id, title, artist_id, artist_name) VALUES
    ('S1 ', 'T ', 'A1 ', 'N');
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, artist, song, level, location, user_agent) VALUES
    ('NextSong  ', '7 ', 1, 0, 1541106106796, 'N ', 'T  ', 'paid ', 'Oslo ', 'M '),
    ('NextSong', '7', 1, 0, 1541106106796, 'N', 'T', 'paid', 'Oslo', 'M');
