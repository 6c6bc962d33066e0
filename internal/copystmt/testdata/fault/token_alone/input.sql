COPY t (a, b)
FROM 's3://b/k'
SESSION_TOKEN 'hush'