-- A play with its song.
INSERT INTO s_song (song_id, title, artist_id, artist_name, duration) VALUES
    ('S1', 'Setanta matins', 'A1', 'Elena', 269.58322);
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, artist, song, length, level, location, user_agent) VALUES
    ('NextSong', '7', 1, 0, 1541106106796, 'Elena', 'Setanta matins', 269.58322, 'paid', 'Chicago', '"Mozilla"');
