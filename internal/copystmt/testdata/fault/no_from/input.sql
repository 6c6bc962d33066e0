COPY t (a, b)
's3://b/k'