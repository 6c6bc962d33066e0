-- An artist as the song tells it.
INSERT INTO s_song (song_id, artist_id, artist_name, artist_location, artist_latitude, artist_longitude) VALUES
    ('S1', 'A1', 'Elena', 'Dubai UAE', 49.80388, 15.47491);
