COPY s_name (name, sex, births)
FROM 's3://sparkify-work/dwh/20181130T000000.000000Z-0123abcd/1-s_name.manifest'
IAM_ROLE default
MANIFEST
FORMAT AS CSV
MAXERROR 1000
COMPUPDATE OFF
