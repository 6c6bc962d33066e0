-- s_name: one row per line of a yobYYYY.txt file: a first name, a sex, and how many children of
--         that sex were given the name in that year. The archive of the Social Security
--         Administration also holds a PDF, which files: leaves out.
-- optional
-- files: *.txt, *.csv, *.zip
COPY s_name (name, sex, births)
FROM 's3://sparkify/names'
IAM_ROLE 'arn:aws:iam::123456789012:role/dwh-copy'
REGION 'us-west-2'
FORMAT AS CSV
MAXERROR 1000
COMPUPDATE OFF;
