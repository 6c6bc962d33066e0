-- s_meter: one row per line of a meters file.
COPY s_meter (meter_id, customer_id, region, version)
FROM :'meters' IAM_ROLE :'iam_role' REGION :'region' DELIMITER '|';
