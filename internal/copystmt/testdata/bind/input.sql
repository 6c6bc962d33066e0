-- s_songplay_event: one row per event of a log object.
COPY s_songplay_event (artist, auth, user_id)
FROM :'log_data'
IAM_ROLE :'iam_role'
REGION :'region'
FORMAT AS JSON :'log_jsonpaths'
MAXERROR 1000;
