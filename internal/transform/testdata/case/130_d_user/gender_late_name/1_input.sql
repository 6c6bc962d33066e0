-- A name that arrives late fills the gender in.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, first_name) VALUES
    ('NextSong', '7', 1, 0, 1541106106796, 'Kim');
