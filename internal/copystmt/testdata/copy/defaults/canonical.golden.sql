COPY s_song
FROM '/var/data/song_data'
