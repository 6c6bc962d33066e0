-- A song in a later run changes which name is carried most.
INSERT INTO s_song (song_id, artist_id, artist_name) VALUES
    ('S1', 'A1', 'N');
