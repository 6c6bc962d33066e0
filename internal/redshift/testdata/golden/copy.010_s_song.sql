COPY s_song (song_id, title, artist_id, artist_name, artist_location, artist_latitude, artist_longitude, duration, num_songs, year)
FROM 's3://sparkify-work/dwh/20181130T000000.000000Z-0123abcd/1-s_song.manifest'
IAM_ROLE default
MANIFEST
FORMAT AS JSON 'auto'
MAXERROR 1000
COMPUPDATE OFF
