COPY t
FROM 's3://b/k'
FORMAT AS JSON 'auto'
GZIP
