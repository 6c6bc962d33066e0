COPY t (a, b)
FROM 's3://b/k'
DELIMITER ','
JSON 'auto'