-- s_name: one row per line of a yobYYYY.txt file: a first name, a sex, and its births that year.
COPY s_name (name, sex, births)
FROM :'names'
IAM_ROLE :'iam_role'
REGION :'region'
FORMAT AS CSV
MAXERROR 1000
COMPUPDATE OFF;
