-- s_tariff: one row per line of a price list.
COPY s_tariff (segment, valid_from, price, version)
FROM :'tariffs' IAM_ROLE :'iam_role' REGION :'region' FORMAT AS CSV;
