-- s_outage: one row per outage, as the control room reports it.
COPY s_outage (outage_id, region, began_at, ended_at, version)
FROM :'outages' IAM_ROLE :'iam_role' REGION :'region' FORMAT AS JSON 'auto' TIMEFORMAT 'auto';
