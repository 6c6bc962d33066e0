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
FROM 's3://sparkify/song_data'
IAM_ROLE 'arn:aws:iam::123456789012:role/dwh-copy'
REGION 'us-west-2'
FORMAT AS JSON 'auto'
MAXERROR 1000
COMPUPDATE OFF;
