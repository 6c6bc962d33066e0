COPY t (a, b)
FROM 's3://b/k'
FORMAT AS JSON :'paths'