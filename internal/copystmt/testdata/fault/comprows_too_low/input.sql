COPY t (a, b)
FROM 's3://b/k'
COMPROWS 10