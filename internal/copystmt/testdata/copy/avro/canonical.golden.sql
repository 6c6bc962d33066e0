COPY t
FROM 's3://b/k'
IAM_ROLE default
FORMAT AS AVRO 's3://b/paths.json'
