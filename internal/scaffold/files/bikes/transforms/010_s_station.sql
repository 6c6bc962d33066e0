-- s_station: one row per line of a stations file. The first line of a file names the columns.
COPY s_station (station_id, name, borough, docks, changed_on)
FROM :'stations'
IAM_ROLE :'iam_role'
REGION :'region'
FORMAT AS CSV
IGNOREHEADER 1;
