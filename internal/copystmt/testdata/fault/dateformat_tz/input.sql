COPY t (a, b)
FROM 's3://b/k'
DATEFORMAT AS 'YYYY-MM-DD tz'