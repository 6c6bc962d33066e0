COPY t
FROM 'dynamodb://songs'
IAM_ROLE default
READRATIO 50
