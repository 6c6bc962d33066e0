-- s_song: one row per song object.
-- writes: s_song
COPY s_song (song_id, title)
FROM :'song_data'
IAM_ROLE :'iam_role'
REGION :'region'
FORMAT AS JSON 'auto'
MAXERROR 10;
