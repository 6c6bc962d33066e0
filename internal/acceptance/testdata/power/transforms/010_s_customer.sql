-- s_customer: one row per line of a customers file, whose first line names the columns.
COPY s_customer (customer_id, name, segment, changed_at, version)
FROM :'customers' IAM_ROLE :'iam_role' REGION :'region' FORMAT AS CSV IGNOREHEADER 1;
