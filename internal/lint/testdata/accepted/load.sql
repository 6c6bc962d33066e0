-- kind: load
-- s_song: one row per song.
COPY :"table" (a, b)
FROM :'song_data'
IAM_ROLE :'iam_role'
REGION AS :'region'
FORMAT AS JSON :'paths'
GZIP
TIMEFORMAT 'epochmillisecs';
