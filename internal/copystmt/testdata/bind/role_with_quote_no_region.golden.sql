COPY s_songplay_event (artist, auth, user_id)
FROM 's3://udacity-dend/log_data'
IAM_ROLE 'arn:o''hara'
                
FORMAT AS JSON 's3://udacity-dend/log_json_path.json'
MAXERROR 1000
-- canonical
COPY s_songplay_event (artist, auth, user_id)
FROM 's3://udacity-dend/log_data'
IAM_ROLE 'arn:o''hara'
FORMAT AS JSON 's3://udacity-dend/log_json_path.json'
MAXERROR 1000
