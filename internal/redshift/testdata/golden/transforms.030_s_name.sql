-- s_name: one row per line of a yobYYYY.txt file: a first name, a sex, and its births that year.
COPY s_name (name, sex, births)
FROM 's3://sparkify/names'
IAM_ROLE 'arn:aws:iam::123456789012:role/dwh-copy'
REGION 'us-west-2'
FORMAT AS CSV
MAXERROR 1000
COMPUPDATE OFF;
