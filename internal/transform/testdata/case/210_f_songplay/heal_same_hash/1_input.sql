-- Names whose HASHBPCHAR is the same are not the same name.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, artist, song) VALUES
    ('NextSong', '7', 1, 0, 1541106106796, 'Artist 55428', 'Artist 81624'),
    ('NextSong', '7', 1, 1, 1541106106797, 'Artist 81281', 'Artist 81624'),
    ('NextSong', '7', 1, 2, 1541106106798, 'Artist 55428', 'Artist 184378');
