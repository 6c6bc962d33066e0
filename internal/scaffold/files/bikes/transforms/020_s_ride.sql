-- s_ride: one row per JSON object of a rides file.
-- erase: rider_id as rider
COPY s_ride (ride_id, version, rider_id, station_id, started_at, ended_at, fee)
FROM :'rides'
IAM_ROLE :'iam_role'
REGION :'region'
FORMAT AS JSON 'auto'
TIMEFORMAT 'auto';
