COPY t (a, b)
FROM 's3://b/k'
NULL AS ''
JSON 'auto'