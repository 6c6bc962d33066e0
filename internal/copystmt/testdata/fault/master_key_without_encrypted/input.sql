COPY t (a, b)
FROM 's3://b/k'
MASTER_SYMMETRIC_KEY 'hush'