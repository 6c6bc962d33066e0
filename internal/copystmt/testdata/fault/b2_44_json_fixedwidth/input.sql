COPY t (a, b)
FROM 's3://b/k'
FIXEDWIDTH 'a:1'
JSON 'auto'