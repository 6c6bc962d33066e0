COPY t (a, b)
FROM 's3://b/k'
FILLRECORD
JSON 'auto'