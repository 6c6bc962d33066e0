COPY t (a, b)
FROM 's3://b/k'
READRATIO 50
JSON 'auto'