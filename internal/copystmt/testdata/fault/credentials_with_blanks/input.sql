COPY t (a, b)
FROM 's3://b/k'
CREDENTIALS 'aws_access_key_id=hush; aws_secret_access_key=hush'