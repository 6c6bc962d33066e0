COPY t (a, b)
FROM 's3://b/k'
REMOVEQUOTES
JSON 'auto'