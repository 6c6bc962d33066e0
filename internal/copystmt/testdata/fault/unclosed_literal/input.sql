COPY t (a, b)
FROM 's3://b/k'
REGION 'us