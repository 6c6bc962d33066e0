COPY t (a, b)
FROM 's3://b/k'
ACCESS_KEY_ID 'hush' SECRET_ACCESS_KEY 'hush' MAXERROR 'ten'