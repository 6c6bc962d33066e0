COPY t (a, b)
FROM 's3://b/k'
MAXERROR 1.5