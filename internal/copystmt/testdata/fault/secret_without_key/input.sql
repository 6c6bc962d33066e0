COPY t (a, b)
FROM 's3://b/k'
SECRET_ACCESS_KEY 'hush'