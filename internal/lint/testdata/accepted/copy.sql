-- kind: load
-- A load: its literals are COPY's own.
COPY t (a)
FROM :'names'
IAM_ROLE :'iam_role'
REGION :'region'
DELIMITER '\t'
NULL AS '\\N'
MAXERROR 1000;
