COPY t (a, b)
FROM 's3://b/k'
ACCESS_KEY_ID 'hush'