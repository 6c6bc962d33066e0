COPY t (a, b)
FROM 's3://b/k'
IAM_ROLE default CREDENTIALS 'aws_iam_role=arn'