COPY t (song_id,
  Title, title)
FROM 's3://b/k'