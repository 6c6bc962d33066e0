-- s_song: one row per song object, as it came.
-- erase: song_id
COPY s_song (
    song_id,
    title,
    artist_id,
    artist_name,
    artist_location,
    artist_latitude,
    artist_longitude,
    duration,
    num_songs,
    year
)
FROM :'song_data'
IAM_ROLE :'iam_role'
REGION :'region'
FORMAT AS JSON 'auto'
MAXERROR 1000
COMPUPDATE OFF;
