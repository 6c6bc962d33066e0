-- s_reading: one row per reading, as the meters' radio sent it.
COPY s_reading (reading_id, meter_id, read_at, wh, void, version)
FROM :'readings' IAM_ROLE :'iam_role' REGION :'region' FORMAT AS JSON 'auto' TIMEFORMAT 'auto';
