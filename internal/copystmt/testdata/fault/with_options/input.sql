COPY t (a, b)
FROM 's3://b/k'
WITH (FORMAT csv)