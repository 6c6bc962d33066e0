-- A late song heals by the delivery that counts, not by another one of the same play.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, artist, song) VALUES
    ('NextSong', '7', 1, 0, 1541106106796, 'N', 'A'),
    ('NextSong', '7', 1, 0, 1541106106796, 'N', 'T');
