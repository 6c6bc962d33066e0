-- Blanks at the end never count, in the page and the user_id either.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, first_name, last_name, gender, level) VALUES
    ('NextSong ', '7 ', 1, 0, 2, 'Lily ', 'Koch  ', 'F ', 'paid '),
    ('NextSong', '7', 1, 0, 1, NULL, NULL, NULL, 'free');
