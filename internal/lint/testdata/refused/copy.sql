-- kind: transform
COPY t (a) FROM 's3://bucket/key' IAM_ROLE default FORMAT AS JSON 'auto';
